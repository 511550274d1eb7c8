# Les textes des pages. Les noms sont ceux de en.ftl.

## Autour de chaque page
skip = Aller au contenu
nav-main = Menu principal
nav-reserve = Réserver
nav-configure = Configurer
nav-manage = Gérer
nav-discovered = Découverts
nav-network = Réseau
nav-settings = Réglages
administrator = administrateur
sign-out = Se déconnecter
shown-once = Affiché une seule fois : copiez-le avant de quitter cette page.
offline = La connexion à pimaster est perdue ; nouvelle tentative. Âge de ce que vous voyez :
reload-each = Cette page se recharge toutes les 10 secondes.
refresh-now = Recharger
to-start = Vers l’accueil
times-in = Les heures sont celles de { $zone }.

## Durées
time-now = maintenant
time-ago = il y a { $duration }
time-in = dans { $duration }

## Connexion
sign-in-title = Connexion
sign-in-email = Adresse électronique
sign-in-password = Mot de passe
sign-in-do = Se connecter
sign-in-help = Pas encore de mot de passe, ou perdu ? Demandez à un administrateur un lien pour en choisir un.
sign-in-wrong = Adresse électronique ou mot de passe incorrect.
sign-in-wait = Trop de mots de passe incorrects. Attendez { $seconds ->
        [one] { $seconds } seconde
       *[other] { $seconds } secondes
    } puis réessayez.

## Gérer : les lots, leurs nœuds, les états
manage-places = Pages sur les lots
manage-own = Mes lots
manage-history = Mes déploiements passés
manage-all = Les lots de tous
manage-bookings = Toutes les réservations
manage-history-all = Les déploiements passés de tous
manage-empty = Aucun nœud n’est réservé.
bin-starts = débute
bin-ends = finit
bin-ready = { $ready } prêts sur { $all }
bin-stuck = { $stuck } bloqués
bin-configure = Configurer
bin-configure-what = pour y déployer quelque chose.
bin-reconfigure = Changer la configuration
bin-cancel-ask = Annuler la réservation…
bin-cancel-effect = Les nœuds sont aussitôt libres pour d’autres.
bin-cancel = Annuler la réservation
bin-destroy-ask = Détruire le lot…
bin-destroy-effect = L’accès prend fin, les cartes sont effacées, les nœuds sont libres pour d’autres. C’est irréversible.
bin-destroy = Détruire le lot
bin-released = Le lot est rendu ; ses nœuds sont libres dès qu’ils sont effacés.
batch-title = Nœuds cochés
batch-all = les { $count } nœuds de ce lot
batch-again-effect = Tout ce qui est sur leurs cartes est perdu.
batch-again = Les redéployer
batch-destroy = Les détruire
batch-none = Aucun nœud n’est coché. Cochez-en, puis choisissez que faire.
batch-done-reboot = Un redémarrage forcé est demandé pour { $done } nœuds sur { $all }.
batch-done-again = Un nouveau déploiement est demandé pour { $done } nœuds sur { $all }.
batch-done-destroy = La destruction est demandée pour { $done } nœuds sur { $all }.
batch-asked = { $node } : demandé, cela commence sous peu.
batch-refused = { $node } : refusé. { $why }
node-boot = Comment { $node } démarre
node-whole-boot = Tout le démarrage de { $node }
node-step = étape { $step } sur { $steps }
node-saved-state = à { $state }
node-progress = Avancement de { $node }
node-progress-of = { $done } sur { $total }
node-left = encore { $duration }
node-hard-reboot = Redémarrage forcé
node-again-ask = Redéployer…
node-again-effect = Tout ce qui est sur la carte de { $node } est perdu.
node-again = Redéployer { $node }
node-destroy-ask = Détruire…
node-destroy-effect = L’accès prend fin, la carte est effacée, le nœud s’éteint. Il reste réservé jusqu’à la fin du lot, au plus tard celle de son dernier nœud. C’est irréversible.
node-destroy = Détruire { $node }
node-asked-reboot = Un redémarrage forcé est demandé et commence sous peu.
node-asked-again = Un nouveau déploiement est demandé et commence sous peu.
node-asked-destroy = La destruction est demandée et commence sous peu.
node-log = Dernières lignes de { $node }
node-log-whole = Tout l’historique
node-log-empty = Rien ne s’est encore passé.
node-host-key = clé d’hôte
node-known-hosts = Ligne pour votre known_hosts :
copy = Copier
copy-line = Copier la ligne de { $node }
copy-done = Copié
problem-seen = Constaté :
problem-expected = Attendu :
problem-advice = Que faire :
problem-boot = Depuis :
track-title = États de { $node }
track-stopped = arrêté ici
track-left-out = omis
state-initialized = attend sa configuration ou son début
state-nfs-boot-conf = l’installateur est préparé
state-nfs-boot-off = l’alimentation est coupée
state-nfs-boot-on = l’installateur démarre
state-env-copy = l’image est écrite sur la carte
state-env-check = la carte est relue et comparée
state-partitions = la table des partitions est modifiée
state-mount-partition = le système de fichiers est vérifié
state-resizing = le système de fichiers s’agrandit
state-system-conf = nom d’hôte, comptes et clés sont mis en place
state-boot-files = le prochain démarrage est préparé
state-env-boot = l’environnement démarre
state-user-conf = les comptes sont complétés
state-system-update = les paquets sont mis à jour
state-user-script = votre script s’exécute
state-deployed = prêt à l’emploi
state-lost = aucun signe de vie ; essayez un redémarrage forcé, puis redéployez
state-hard-reboot = l’alimentation est coupée puis remise
state-destroying = l’accès prend fin, la carte est effacée
state-destroyed = terminé
state-save-env = le système est enregistré comme environnement
state-failed = une étape a échoué ; voir ci-dessous
reservation-held = non configurée
reservation-configured = configurée
reservation-active = en cours
reservation-ending = en cours de démontage
reservation-ended = terminée

## Déploiements passés
history-title = Déploiements passés
history-node-title = Déploiements sur { $node }
history-of-node = Déploiements passés
history-empty = Rien n’a encore été déployé.
history-older = Plus anciens
history-began = Début
history-environment = Environnement
history-bin = Lot
history-outcome = Résultat
history-to-deploy = Jusqu’à la remise
history-handed-over = Remis
history-ended = Fin
history-used = Durée d’usage
history-lines = Tout ce qui s’est passé
deployment-title = { $environment } sur { $node }
outcome-running = en cours
outcome-deployed = déployé
outcome-lost = perdu
outcome-failed = échoué
outcome-given-up = arrêté avant

## Toutes les réservations, pour les administrateurs
bookings-title = Toutes les réservations
bookings-owner = Propriétaire
bookings-node = Nœud
bookings-nodes = Nœuds
bookings-from = De
bookings-until = À
bookings-state = État
bookings-empty = Aucune réservation en cours ou à venir ne correspond.
bookings-more = { $more } de plus ne sont pas montrées. Filtrez par propriétaire ou par nœud.

## Liens à usage unique
link-password-title = Choisir un mot de passe
link-password-whose = Choisissez le mot de passe de { $email }.
link-password-do = Enregistrer le mot de passe et se connecter
link-once = Ce lien ne sert qu’une fois.
link-sign-in-do = Se connecter comme { $email }
password-new = Nouveau mot de passe
password-rule = Au moins { $least } caractères quelconques ; quelques mots font l’affaire.
password-again = Le même encore une fois

## Configurer
configure-title = Configurer
configure-from = du
configure-until = au
configure-count = { $count ->
        [one] { $count } nœud
       *[other] { $count } nœuds
    }
configure-none = Aucune réservation n’attend sa configuration.
configure-reserve = Réserver des nœuds
configure-manage = Voir les nœuds en service
configure-can-change = Configurée avec { $environment } ; peut encore être changée.
configure-not-yet = Pas encore configurée.
hold-ends = Si elle n’est pas configurée, cette réservation prend fin dans
configure-environment = Environnement
configure-no-environments = Il n’y a pas encore d’environnement. Un administrateur en importe un :
configure-unfit = { $count ->
        [one] { $count } environnement n’est pas proposé : il ne démarre sur aucune de ces cartes.
       *[other] { $count } environnements ne sont pas proposés : ils ne démarrent sur aucune de ces cartes.
    }
configure-written = { $bytes } à écrire
configure-card = carte SD de { $bytes } ou plus
configure-account = connexion en tant que
configure-only = Ne démarre que sur { $nodes } : choisissez-en un autre pour les autres nœuds, plus bas.
configure-time-past = Environ { $duration }, comme { $count ->
        [one] le déploiement précédent
       *[other] les { $count } derniers déploiements
    } sur de telles cartes.
configure-time-estimate = Environ { $duration }, estimé d’après sa taille.
configure-size = Partition racine
configure-size-whole = toute la carte
configure-size-other = autre
configure-size-other-name = Autre taille
configure-size-example = 7GB, ou des octets
configure-access = Accès
configure-password = Mot de passe des systèmes
configure-password-made = En créer un ; il est montré une fois, après cette page
configure-password-given = Celui-ci :
configure-account-keys = Clés SSH du compte, installées sur chaque nœud :
configure-no-keys = Aucune pour l’instant.
configure-add-keys = En ajouter une dans les réglages
configure-more-keys = D’autres clés SSH pour ces nœuds, une par ligne
configure-end = À la fin
configure-script = Script à exécuter en tant que root
configure-script-lines = Lignes :
configure-script-bytes = octets :
configure-script-most = Le script est trop long : { $most } octets au plus.
configure-update = Mettre à jour les paquets du système (prend des minutes)
configure-nodes = Nœuds particuliers
configure-nodes-what = Chaque nœud reçoit ce qui est ci-dessus. Ouvrez-en un pour lui donner autre chose.
configure-as-above = comme ci-dessus
configure-own-script = Script à exécuter en tant que root, à la place de celui ci-dessus
configure-same = Le même pour tous : ignorer ce qui est saisi pour des nœuds particuliers
configure-now = Déployer maintenant
configure-later = Déployer au début
configure-overwritten = Les cartes SD de tous les nœuds sont écrasées.
configure-cancel = Annuler la réservation
configure-done = Les nœuds sont configurés ; le déploiement commence à l’heure prévue.
configure-made = Le mot de passe des systèmes
template-choose = Remplir à partir d’un modèle
template-choose-what = Un modèle remplit le formulaire ; ce qui était saisi est perdu. Un mot de passe n’en fait jamais partie.
template-delete = Supprimer
template-deleted = Le modèle est supprimé.
template-save = Enregistrer comme modèle
template-name = Nom du modèle
template-what = Garde l’environnement, la taille, les clés et le script ; pas de mot de passe, ni rien des nœuds particuliers. Un modèle du même nom est remplacé.
template-saved = Le modèle { $name } est enregistré.
configure-wrong-environment = Choisissez un environnement.
configure-wrong-unknown = Aucun environnement ne s’appelle { $seen }. Choisissez-en un dans la liste.
configure-wrong-unfit = { $environment } ne démarre pas sur { $nodes }, seulement sur { $boards }. Choisissez-en un qui y démarre, ou un autre pour ces nœuds.
configure-wrong-size = `{ $seen }` n’est pas une taille de partition ; attendu : whole, un nombre d’octets, ou une taille comme 5GB ou 4GiB.
configure-wrong-small = { $seen } octets sont trop peu ; attendu : au moins { $bound }, la partition racine de l’image. Choisissez une taille plus grande, ou toute la carte.
configure-wrong-large = { $seen } octets sont trop ; attendu : au plus { $bound }. Choisissez une taille plus petite, ou toute la carte.
configure-wrong-password = Le mot de passe a { $seen } caractères ; attendu : au moins { $least } et au plus 128.
configure-wrong-password-both = Un mot de passe est saisi, mais il doit en être créé un. Choisissez l’un des deux.
configure-wrong-key = Ligne { $number } : { $why }.
configure-wrong-keys = Il y a { $seen } clés ; attendu : au plus { $most }.
configure-wrong-script = Le script a { $seen } octets ; attendu : au plus { $most }. Raccourcissez-le, ou laissez-le chercher le reste sur le réseau.
configure-wrong-nul = Le script contient un caractère NUL ; attendu : un texte.
configure-wrong-node = Le formulaire nomme un nœud qui ne peut pas en être un. Rouvrez la page.

## Réglages
settings-title = Réglages
settings-keys = Clés SSH
settings-keys-what = Installées sur chaque nœud que vous déployez désormais.
settings-keys-label = Clés publiques, une par ligne
settings-keys-save = Enregistrer les clés
settings-keys-saved = Les clés SSH sont enregistrées ; les nœuds que vous déployez désormais les reçoivent.
settings-password = Mot de passe
settings-password-what = Un nouveau mot de passe déconnecte vos autres navigateurs.
settings-password-present = Mot de passe actuel
settings-password-do = Changer le mot de passe
settings-password-done = Le mot de passe est changé ; vos autres navigateurs sont déconnectés.
settings-password-wrong = Ce n’est pas le mot de passe actuel.
settings-tokens = Jetons d’API
settings-tokens-what = Pour les programmes : ils ne font jamais plus que vous ne pouvez.
settings-tokens-document = Le document de l’API
settings-token-made-at = créé
settings-token-revoke = Révoquer
settings-token-revoke-name = Révoquer { $name }
settings-token-what-for = À quoi sert le jeton
settings-token-make = Créer un jeton
settings-token-made = Le jeton est créé.
settings-token-revoked = Le jeton est révoqué : il ne marche plus.
key-no-comment = (sans commentaire)

## Jetons, autres plateformes, la même chose modifiée par deux personnes
settings-keys-stale = Vos clés ont été modifiées entre-temps, dans une autre fenêtre ou par un programme. Votre saisie est conservée ; les clés enregistrées sont ci-dessus. Enregistrez de nouveau pour les remplacer.
settings-token-expires = expire
settings-token-expires-never = n’expire jamais
settings-token-expired = expiré
settings-token-used = dernier usage
settings-token-unused = jamais utilisé
settings-token-scopes = Ce qu’il peut faire
settings-token-days = Pour combien de jours (au plus { $most })
settings-token-never = Il n’expire jamais
scope-read = voir ce que vous pouvez voir
scope-reserve = réserver, déployer, prolonger et terminer ce qui est à vous
scope-account = modifier vos clés, mot de passe, sessions et jetons
scope-admin = ce que seuls les administrateurs peuvent faire
credentials-title = Autres plateformes
credentials-what = Comptes avec lesquels pimaster réservera ailleurs en votre nom. Les mots de passe sont enregistrés chiffrés et jamais montrés.
credentials-login = Identifiant
credentials-set = Un mot de passe est enregistré, le
credentials-save = Enregistrer pour { $name }
credentials-saved = Le compte est enregistré ; son mot de passe est chiffré.
credentials-remove = Supprimer
credentials-remove-name = Supprimer le compte chez { $name }
credentials-removed = Le compte est supprimé.
stale = Quelqu’un d’autre a modifié ceci pendant votre saisie. Votre saisie est conservée : comparez-la à ce qui est enregistré maintenant, puis enregistrez de nouveau pour le remplacer.
stale-stored = Enregistré maintenant :
users-stale = Quelqu’un d’autre a modifié ce compte entre-temps. Regardez-le de nouveau, puis décidez.
device-stale = Quelqu’un d’autre a modifié cet appareil entre-temps. Regardez-le de nouveau, puis décidez.

## Pourquoi une page n’est pas montrée
refusal-sign-in = Connectez-vous d’abord.
refusal-pending-title = Compte pas encore accepté
refusal-pending = Aucun administrateur n’a encore accepté ce compte. Demandez à l’un d’eux, puis réessayez.
refusal-form-title = Formulaire refusé
refusal-form = Le formulaire ne vient pas d’une page de cette session, ou la session a pris fin depuis. Rien n’a été changé. Rouvrez la page et envoyez-le de nouveau.
refusal-too-large-title = Formulaire trop grand
refusal-too-large = Le formulaire dépasse 1 Mio. Rien n’a été changé. Raccourcissez le script.
refusal-overdue-title = Trop lent
refusal-overdue = Cela a pris trop de temps et a été abandonné. Vérifiez si c’est fait, puis réessayez ; si cela persiste, un administrateur trouve la raison dans le journal.
refusal-not-found-title = Page inconnue
refusal-not-found = Vérifiez l’adresse, ou partez d’un lien ci-dessus.
refusal-link-title = Lien périmé
refusal-link = Ce lien a déjà servi, a été remplacé par un plus récent ou a expiré. Demandez-en un autre à un administrateur.
refusal-agent-not-found-title = Introuvable
refusal-agent-forbidden-title = Pas à vous
refusal-agent-invalid-title = Impossible
refusal-agent-conflict-title = Impossible maintenant
refusal-failure-title = Défaillance
refusal-failure = pimaster n’a pas pu le faire à cause d’une défaillance de son côté. Réessayez ; si cela persiste, un administrateur trouve la raison dans le journal.

## Créer un compte
sign-up-title = Créer un compte
sign-up-name = Votre nom, si vous voulez
sign-up-do = Créer le compte
sign-up-back = Vers la page de connexion
sign-up-closed = Personne ne crée de compte soi-même ici. Demandez-en un à un administrateur.
sign-up-domains = L’adresse doit être de { $domains }.
sign-up-wait = Trop de comptes ont été créés d’ici. Attendez { $seconds } s puis réessayez.
sign-up-done = Le compte { $email } attend un administrateur. Une fois accepté, vous vous connectez avec votre mot de passe.
sign-up-done-before = S’il existait déjà un compte avec cette adresse, il n’a pas changé : connectez-vous, ou demandez à un administrateur un lien pour choisir un mot de passe.
link-confirm-title = Confirmer votre adresse électronique
link-confirm-do = C’est mon adresse : { $email }

## Courrier électronique
nav-mail = Courriel
mail-title = Courriel
mail-server = Serveur de courriel
mail-server-what = pimaster envoie des liens pour confirmer des adresses et choisir des mots de passe. Sans serveur de courriel, les administrateurs les remettent eux-mêmes.
mail-enabled = Envoyer des courriels
mail-host = Serveur
mail-port = Port
mail-security = Chiffrement
mail-security-none = Aucun (seulement sur cette machine ou dans un réseau fermé)
mail-security-starttls = STARTTLS, d’ordinaire port 587
mail-security-tls = TLS dès le début, d’ordinaire port 465
mail-from = Adresse d’où viennent les courriels
mail-user = Utilisateur auprès du serveur, s’il en veut un
mail-password-stored = Un mot de passe est enregistré, scellé ; laissez le champ vide pour le garder.
mail-save = Enregistrer
mail-saved = La façon d’envoyer les courriels est enregistrée.
mail-off = Aucun courriel n’est envoyé : les administrateurs remettent les liens eux-mêmes.
mail-test = Essayer
mail-test-what = Envoie un courriel à votre propre adresse. Ce qu’il devient est dit plus bas.
mail-test-do = Envoyer un courriel d’essai
mail-test-written = Un courriel d’essai à { $email } est en route ; ce qu’il devient est dit plus bas.
mail-test-dropped = Le courriel n’est pas envoyé : trop sont allés à votre adresse dans l’heure, ou trop attendent. Regardez la boîte d’envoi.
mail-outbox = Boîte d’envoi
mail-outbox-empty = Aucun courriel n’a encore été écrit.
mail-written = Écrit
mail-to = À
mail-subject = Objet
mail-state = État
mail-sent = envoyé
mail-waiting = attend
mail-given-up = abandonné
mail-tries = { $count ->
        [one] Essayé { $count } fois ; à nouveau
       *[other] Essayé { $count } fois ; à nouveau
    }
letter-foot = Envoyé par pimaster à { $url }
letter-test-subject = pimaster : un courriel d’essai
letter-test = Ce courriel montre que pimaster sait envoyer des courriels. Il n’y a rien à faire.

## Confirmer des adresses par courriel
sign-up-mailed = Un courriel est en route vers { $email }. Ouvrez dans les 72 heures le lien qu’il contient : il confirme votre adresse.
sign-up-mailed-accepted = Un administrateur accepte ensuite votre compte, et vous pouvez vous connecter.
letter-confirm-subject = pimaster : confirmez votre adresse électronique
letter-confirm =
    Quelqu’un a créé un compte pimaster avec cette adresse électronique. Si c’est vous, ouvrez ce lien dans les 72 heures :

    { $link }

    Si ce n’est pas vous, ne faites rien et ne l’ouvrez pas.
letter-exists-subject = pimaster : vous avez déjà un compte
letter-exists =
    Quelqu’un a voulu créer un compte pimaster avec cette adresse électronique, mais il en existe déjà un. Rien n’y a été changé.

    Si c’est vous, connectez-vous avec le mot de passe choisi alors. Si ce n’est pas vous, il n’y a rien à faire.

## Un mot de passe oublié
forgotten-title = Mot de passe oublié
forgotten-what = Un lien pour choisir un autre mot de passe va à l’adresse de votre compte.
forgotten-do = Envoyer le lien
forgotten-done = S’il existe un compte avec l’adresse { $email }, un courriel est en route. Le lien qu’il contient sert une fois, dans les 72 heures.
forgotten-wait = Trop de liens ont été demandés d’ici. Attendez { $seconds } s puis réessayez.
letter-reset-subject = pimaster : choisissez un autre mot de passe
letter-reset =
    Quelqu’un, sans doute vous, a oublié le mot de passe de votre compte pimaster. Avec ce lien vous en choisissez un autre ; il sert une fois, dans les 72 heures :

    { $link }

    Si ce n’est pas vous, ne faites rien : votre mot de passe reste tel qu’il est.

## Accepter un compte, par courriel
letter-accepted-subject = pimaster : votre compte est accepté
letter-accepted = Un administrateur a accepté votre compte pimaster. Vous pouvez maintenant vous connecter avec votre mot de passe.

## Nodes, added by hand
nodes-add = Ajouter un nœud
nodes-add-do = Ajouter le nœud
nodes-add-what = Ce qui est laissé vide est choisi, ou appris des requêtes de la carte. Les cartes qui ont déjà demandé sont sur Découverts.
nodes-added = { $node } est inscrit et peut être réservé.
node-mac = Adresse matérielle
node-serial = Numéro de série, s’il est connu
node-model-learnt = Appris de ses requêtes

## Switches, added and asked
switches-add = Ajouter un commutateur
switches-read = Interroger le commutateur
switches-never-read = Il n’a pas encore été interrogé sur tous ses ports.
switches-asking = { $switch } est interrogé.
switch-new-title = Ajouter un commutateur
switch-title = Commutateur { $switch }
switch-name = Nom
switch-ports = Nombre de ports
switch-protected = Port qui alimente pimaster lui-même, s’il y en a un : il n’est jamais coupé
switch-first = Adresse du nœud au port 1, si les ports donnent des adresses ; les autres suivent
switch-address = Adresse de son agent SNMP (port 161 si rien n’est dit) ; vide si l’on débranche à la main
switch-community = Communauté en lecture et écriture
switch-community-kept = Elle est gardée scellée. Laissez vide pour la garder.
switch-oid = Objet qui commande l’alimentation, sans l’index du port
switch-offset = Ajouté au numéro d’un port pour obtenir son index (48 sur certains commutateurs Linksys)
switch-try = Essayer
switch-save = Enregistrer
switch-try-what = Un essai interroge le commutateur et ne change rien, ni là-bas ni ici.
switch-saved = { $switch } est enregistré.
switch-remove-ask = Retirer…
switch-remove-effect = Ce qui est connu de ses ports part avec lui. Un commutateur qui alimente des nœuds n’est pas retiré.
switch-remove = Retirer { $switch }
switch-removed = { $switch } est retiré.
switch-says = Ce que dit le commutateur
switch-asking = est interrogé
switch-asked = Interrogé
switch-answers = répond
switch-fails = échec
switch-counts = { $read ->
        [one] { $read } port est lisible ;
       *[other] { $read } ports sont lisibles ;
    } { $on ->
        [one] { $on } est alimenté.
       *[other] { $on } sont alimentés.
    }
switch-watts = Tous les ports ensemble consomment
switch-protected-off = Le port { $port } est éteint : ce ne peut pas être celui qui alimente pimaster. Cherchez lequel c’est.
switch-no-number = « { $seen } » n’est pas un nombre qui convient ici.
switch-no-address = « { $seen } » n’est pas une adresse ; attendu par exemple 10.20.0.2.

## Environments
nav-environments = Environnements
environments-title = Environnements
environments-all = Tous les environnements
environments-empty = Il n’y a pas encore d’environnement. Apportez une image.
environments-name = Nom
environments-description = Description, une ligne
environments-user = On s’y connecte comme
environments-sharing = Qui peut l’utiliser
environments-sizes = Tailles
environments-imported = Importé
environments-uses = Utilisé par
environments-of-site = du site
environments-refused = Pas partagé :
environments-card = carte d’au moins
environments-written = écrit
environments-stored = gardé
environments-command-line = en ligne de commande
environments-used = { $count ->
        [0] aucune réservation
        [one] une réservation
       *[other] { $count } réservations
    }
environments-saved = { $name } est enregistré.
environments-removed = { $name } est retiré.
environments-remove-effect = Son image est effacée. Un environnement que des réservations utilisent n’est pas retiré.
sharing-private = privé
sharing-asked = demande à être partagé
sharing-shared = partagé
sharing-default = proposé en premier
sharing-accept = Le partager avec tout le monde
sharing-refuse-ask = Ne pas le partager…
sharing-refuse = Refuser
sharing-share = Le partager avec tout le monde
sharing-make-default = Le proposer en premier
sharing-make-private = Le rendre privé
sharing-ask = Demander que tout le monde puisse l’utiliser
imports-title = Importations
import-title = Apporter une image…
import-what = Une image disque pour une carte : .img, aussi en .xz, .gz, .zst, .zip ou .tar.gz. Elle reste privée jusqu’à ce qu’elle soit partagée.
import-description = Description, une ligne ; vide : le nom que le système se donne
import-user = Compte avec lequel on se connecte ; vide : celui qui est habituel pour le système
import-for-site = Elle appartient au site, et tout le monde peut l’utiliser
import-source = D’où elle vient
import-source-upload = envoyée depuis ce navigateur
import-source-what = Les fichiers du dossier incoming du dossier de données n’ont pas besoin d’être envoyés.
import-begin = Suite
import-of = Importation de { $name }
import-file = L’image
import-file-what = Au plus { $most }. Gardez cette page ouverte jusqu’à ce que le fichier soit envoyé ; ensuite elle peut être fermée.
import-send = Envoyer
import-sent = Le fichier est arrivé entier ; il est maintenant importé.
import-broke-off = Le fichier n’est pas arrivé entier ; rien n’a été gardé. Recommencez.
import-by = Par
import-begun = commencée
import-goes-on = Elle continue si vous fermez cette page.
import-done-what = L’environnement peut maintenant être déployé.
import-progress = Où elle en est
import-receiving = attend son fichier
import-waiting = attend son tour
import-unpacking = est décompressée
import-storing = est rangée
import-done = finie
import-failed = échouée
import-cancelled = annulée
import-stops = Elle s’arrête.
import-cancel = Annuler

## Discovered and detected
discovered-what = Machines qui ont demandé une adresse ici et qui ne sont pas des nœuds. Elles n’ont pas de réponse avant d’être inscrites.
discovered-count = { $count ->
        [one] découverte
       *[other] découvertes
    }
discovered-none = Rien d’inconnu n’a demandé d’adresse. Branchez une carte et alimentez son port ; elle apparaîtra ici.
discovered-one-title = Inscrire une carte
discovered-enrol = Inscrire
discovered-left-empty = Ce qui est laissé vide est choisi, sauf le port.
discovered-otherwise = Inscrire autrement…
discovered-enrol-as = Inscrire comme { $name } à { $address }
discovered-replace-ask = La mettre à la place de { $node }…
discovered-replace-effect = Son port est celui de { $node }. Le nœud garde nom, adresse et port ; ce qui est connu de son ancienne carte est oublié, et l’ancienne carte apparaîtra ici quand elle redemandera.
discovered-replace = Remplacer la carte de { $node }
discovered-replaced = { $node } a maintenant cette carte.
discovered-forget = Oublier
discovered-forgotten = Elle est oubliée, jusqu’à ce qu’elle redemande.
discovered-serial = numéro de série
discovered-revision = code de révision
discovered-board-revision = révision de la carte
discovered-host-name = nom d’hôte
discovered-vendor-class = classe du fabricant
discovered-architecture = architecture
discovered-machine-id = identité de la machine
discovered-relay = derrière le relais
discovered-at-port = au port
discovered-of = de
discovered-no-port = port du commutateur pas encore trouvé
discovered-asked = { $count ->
        [one] a demandé une fois
       *[other] a demandé { $count } fois
    }
discovered-last = en dernier par : { $asker }
discovered-first = d’abord
rename-ask = Renommer tous les nœuds…
rename-prefix = Préfixe ; le dernier nombre de chaque adresse suit
rename-do = Tout renommer
rename-done = { $count ->
        [0] Tous les noms étaient déjà ainsi.
        [one] Un nœud est renommé.
       *[other] { $count } nœuds sont renommés.
    }
detection-title = Détection
detection-all = Toutes les machines découvertes
detection-ports-of = { $count ->
        [one] Un port de { $switch }
       *[other] { $count } ports de { $switch }
    }
detection-port = port { $port }
detection-began = commencé
detection-ended = fini
detection-stops = Elle s’arrête, et rend à chaque port l’alimentation qu’il avait.
detection-goes-on = Elle continue si vous fermez cette page. Pendant ce temps, les nœuds à ces ports ne peuvent pas être réservés.
detection-stop = Arrêter
detection-ports = Ports
detection-log = Journal
detection-not-yet = pas encore
detection-running = en cours
detection-ask = Détecter les cartes aux ports…
detection-what = Les tables du commutateur sont interrogées d’abord ; les ports qu’elles laissent ouverts sont éteints et rallumés, l’un après l’autre. Les ports de nœuds réservés sont refusés.
detection-switch = Commutateur
detection-do = Détecter
detection-latest = Détections

## Network
network-served = Comment il est servi
network-authoritative = authoritative : pimaster donne toutes les adresses
network-proxy = proxy : un autre serveur DHCP donne les adresses, pimaster dit aux nœuds d’où démarrer
network-off = off : pimaster ne fait pas de DHCP, les nœuds sont reconnus aux fichiers qu’ils demandent
network-relays-only = relais seulement
network-interface = Interface
network-own = pimaster est
network-behind-relay = Derrière un relais
network-router = routeur
network-no-router = pas de routeur
network-routing = Routage
network-routing-off = non : pimaster ne transmet rien entre les nœuds et l’extérieur
network-routing-on = oui : les nœuds atteignent l’extérieur par
network-masquerade = avec l’adresse que pimaster y a
network-own-addresses = avec leurs propres adresses
network-wrong = Ce qui ne va pas
network-nothing = Rien n’a été remarqué.
network-first = D’abord
network-last = En dernier
network-done = C’est réglé
network-two-servers = Deux serveurs se disputent les nœuds : arrêtez l’autre ou faites-lui laisser ce réseau, ou mettez dhcp.mode à "proxy".
network-one-gives-proxy = L’un d’eux donne leurs adresses aux nœuds, comme il le faut dans ce mode.
network-one-gives = L’un d’eux donne leurs adresses aux nœuds.
network-others = Autres serveurs DHCP
network-no-others = Aucun n’a été remarqué.
network-server = Serveur
network-did = Ce qu’il a fait
network-gone = Il n’y est plus
network-devices = Appareils à adresse fixe
network-no-devices = Aucun. Les nœuds n’en ont pas besoin : chacun a son adresse.
network-boots = Démarre
network-last-asked = Dernière demande
network-remove = Retirer
network-boot-file = Fichier de démarrage sous tftp/devices/, s’il démarre d’ici
network-add = Ajouter un appareil
network-add-what = Le commutateur, une imprimante, un PC : tout sauf un nœud.
network-add-do = Ajouter l’appareil
network-added = { $name } a maintenant une adresse fixe ; il l’aura quand il demandera.
network-removed = { $name } n’a plus d’adresse fixe.
network-notice-removed = La remarque est retirée ; elle reviendra si elle est encore vraie.
network-server-removed = Le serveur est retiré de la liste ; il reviendra s’il répond encore.
network-leases = Baux
network-no-leases = Aucun nœud n’a encore demandé son adresse.
network-until = Jusqu’à

## A boot
boot-title = Démarrage de { $node }
boot-order = ordre de démarrage
boot-timeline = Chronologie
boot-timeline-what = Les secondes comptent depuis le début du démarrage. Ce sur quoi repose la phrase ci-dessus est marqué.
boot-under-way = démarre
boot-up = a démarré
boot-warning = a démarré, à regarder
boot-trouble = ne démarre pas
boot-installer = doit démarrer l’installateur
boot-local = doit démarrer sur sa carte
boot-environment = doit démarrer sur sa carte, avec des fichiers d’ici
boot-evidence = indice
boot-asked = Il a demandé
boot-answered = Il a eu en réponse
boot-repeated = renvoyé

## Comptes, pour les administrateurs
nav-users = Utilisateurs
nav-audit = Journal d’audit
users-title = Utilisateurs
users-account = Compte
users-role = Rôle
users-made = Créé
users-seen = Dernière connexion
users-reservations = Réservations
users-actions = Actions
users-never = jamais
users-confirmed = adresse confirmée
role-pending = en attente
role-user = utilisateur
role-admin = administrateur
users-accept = Accepter
users-promote = Rendre administrateur
users-demote = Plus administrateur
users-revoke = Retirer l’accès
users-link = Lien de mot de passe
users-remove-ask = Supprimer…
users-remove-effect = { $count ->
        [0] Le compte n’a pas de réservation.
        [one] Sa réservation est rendue : ce qui y est déployé est perdu.
       *[other] Ses { $count } réservations sont rendues : ce qui y est déployé est perdu.
    } Sessions et jetons prennent fin aussitôt. C’est irréversible.
users-remove = Supprimer { $email }
users-remove-self = Vous ne pouvez pas supprimer votre propre compte. Un autre administrateur le peut.
users-removed = { $email } est supprimé ; ses nœuds sont rendus.
users-changed = Ce que { $email } peut faire est changé.
users-last-admin = C’est le seul administrateur. Nommez-en d’abord un autre.
users-add = Ajouter un compte
users-add-what = Vous obtenez un lien à transmettre, avec lequel son propriétaire choisit un mot de passe.
users-add-do = Ajouter le compte
users-added = Le compte { $email } est créé. Transmettez ce lien à son propriétaire ; il sert une fois, sous 72 heures.
users-exists = Il existe déjà un compte avec cette adresse.
users-link-made = Un lien pour que { $email } choisisse un mot de passe ; il sert une fois, sous 72 heures.
policy-title = Qui peut créer un compte
policy-open = Chacun peut créer son compte
policy-domains = Seulement avec des adresses de ces domaines (toutes, si vide)
policy-confirmed = Une adresse confirmée suffit ; aucun administrateur n’a à accepter
policy-save = Enregistrer
policy-saved = C’est enregistré.
audit-title = Journal d’audit
audit-empty = Rien n’a encore été fait.
audit-older = Lignes plus anciennes
audit-when = Quand
audit-who = Qui
audit-from = D’où
audit-what = Quoi
audit-subject = À qui ou à quoi
refusal-administrators-title = Pour les administrateurs
refusal-administrators = Seuls les administrateurs voient et font cela. Demandez à l’un d’eux.
settings-sessions = Où vous êtes connecté
settings-sessions-what = Chaque navigateur où vous vous êtes connecté depuis une semaine.
settings-session-since = depuis
settings-session-own = ce navigateur
settings-session-end = Le déconnecter
settings-session-ended = Ce navigateur est déconnecté.

## Le rack, pour les administrateurs
quarantine-is = en quarantaine
quarantine-since = depuis
quarantine-ask = Quarantaine…
quarantine-effect = Il ne peut plus être réservé ; les réservations existantes continuent. Chacun lit la raison.
quarantine-reason = Raison
quarantine-begin = Mettre { $node } en quarantaine
quarantine-end = Sortir de quarantaine
quarantine-begun = { $node } est en quarantaine.
quarantine-ended = { $node } peut de nouveau être réservé.
nav-nodes = Nœuds
nodes-title = Nœuds
nodes-empty = Il n’y a pas encore de nœud. Les cartes qui demandent une adresse sont sur la page Découverts.
nodes-node = Nœud
nodes-address = Adresse
nodes-serial = Numéro de série
nodes-port = Port du commutateur
nodes-boot = Prochain démarrage
nodes-who = Qui l’a
nodes-until = jusqu’à
node-title = Nœud { $node }
node-edit = Modifier
node-name = Nom, aussi le nom d’hôte
node-model = Modèle
node-switch = Commutateur, vide si personne ne commute son alimentation
node-port = Port
node-save = Enregistrer
node-save-effect = Nom et adresse restent tant que quelqu’un utilise le nœud. Ce qui est laissé vide reste, sauf le port.
node-saved = { $node } est enregistré.
node-retire-ask = Retirer…
node-retire-effect = Le nœud quitte le rack : il n’est plus montré, réservé ni servi. L’historique de ses réservations reste. Sa carte réapparaît sur Découverts quand elle redemande.
node-retire = Retirer { $node }
node-retired = { $node } a quitté le rack.
nav-switches = Commutateurs
switches-title = Commutateurs
switches-empty = Il n’y a pas encore de commutateur.
switches-hands = Personne ne commute l’alimentation de celui-ci : on tire les prises.
switches-protected = alimente pimaster
switches-no-node = aucun nœud
switches-power = Alimentation…
switches-taken = { $owner } a { $node } en ce moment. Ce qui y tourne s’arrête quand l’alimentation est coupée.
switches-on = Allumer
switches-off = Éteindre
switches-asked-on = Le port { $port } va être allumé.
switches-asked-off = Le port { $port } va être éteint.
power-on = allumé
power-off = éteint
power-unknown = pas encore vu
power-asked = demandé : { $state }
power-wanted = voulu : { $state }

## Règles de réservation, pour les administrateurs
rules-title = Règles de réservation
rules-what = Elles lient les personnes, pas les administrateurs, dès la prochaine réservation.
rules-longest = Réservation la plus longue, en heures
rules-longest-extended = La plus longue une fois prolongée, en heures depuis son début
rules-node-hours = Réservations d’une personne réunies, en nœuds fois heures (vide : sans limite)
rules-margin = Entre deux réservations d’un nœud, en minutes
rules-hold = Jusqu’à la fin d’une réservation non configurée, en minutes
rules-save = Enregistrer les règles
rules-saved = Les règles sont enregistrées.

## Réserver
reserve-title = Réserver des nœuds
reserve-nodes = Nœuds
reserve-count = { $free } sur { $all } libres maintenant
reserve-empty = Aucun nœud n’est montré. Videz le filtre ; un administrateur ajoute des nœuds avec
reserve-any = Ou des nœuds quelconques : combien
reserve-model = De quel modèle
reserve-model-any = tous modèles
reserve-as-many = Moins suffit, si tous ne sont pas libres
reserve-name = Nom du lot
reserve-hours = Heures, au plus { $most }
reserve-start = Début ({ $zone }), vide pour maintenant
reserve-now = Il est maintenant
reserve-do = Réserver
reserve-next = Ensuite vous dites ce qui y est mis.
reserve-done = Les nœuds sont réservés sous le nom { $name }.
calendar-when = Ce que montre le calendrier
calendar-earlier = Avant
calendar-today = Aujourd’hui
calendar-later = Après
calendar-days = 2 jours
calendar-week = Semaine
calendar-month = Mois
calendar-from = À partir du
calendar-filter = Filtrer par nom, modèle, adresse, port
calendar-group = Grouper par
calendar-group-nothing = rien
calendar-group-switch = commutateur
calendar-group-model = modèle
calendar-group-none = À aucun commutateur connu
calendar-show = Montrer
calendar-caption = Qui a quel nœud et quand. Glissez sur des heures libres pour choisir nœuds, début et durée.
calendar-free = libre
calendar-taken = pris
calendar-boot = Comment { $node } démarre
calendar-told = { $owner }, de { $start } à { $end } ({ $state })

## Ce qui est dit des réservations
rules-notice = Avant la fin, les personnes sont prévenues, en minutes ; chacune peut choisir un autre délai
ending-soon = { $name } se termine bientôt :
ending-turn = Les nœuds que vous attendiez sont à vous sous le nom { $name }. Dites ce qui doit y être mis, sinon ils vont au suivant.
ending-extend = La prolonger, ou la terminer
notifications-title = Notifications
notifications-what = Les courriels sur vos réservations sont écrits dans la langue dans laquelle vous enregistrez ceci. Les pages disent dans tous les cas qu’une réservation se termine bientôt.
notifications-no-mail = Aucun courriel n’est envoyé pour le moment : aucun serveur de courriel n’est réglé.
notifications-before-end = M’écrire avant la fin d’une réservation
notifications-outcome = M’écrire quand tout est déployé, ou qu’un nœud est perdu
notifications-turn = M’écrire quand c’est mon tour dans la file d’attente
notifications-minutes = Combien de minutes avant la fin (vide : { $minutes })
notifications-save = Enregistrer les notifications
notifications-saved = Les notifications sont enregistrées.
feed-title = Flux de calendrier
feed-what = Vos réservations pour les logiciels de calendrier (iCalendar). Qui connaît l’adresse peut le lire : gardez-la pour vous.
feed-make = Créer l’adresse
feed-again = Créer une autre adresse
feed-again-what = L’adresse actuelle ne fonctionnera plus.
feed-made = L’adresse de votre flux : abonnez-vous-y dans votre logiciel de calendrier.
feed-revoke = Révoquer l’adresse
feed-revoked = L’adresse de votre flux ne fonctionne plus.
letter-end-subject = pimaster : { $name } se termine bientôt
letter-end =
    Votre réservation { $name } se termine le { $end } ({ $left }). Ce qui est sur ses nœuds sera alors perdu.

    Sauvegardez ce dont vous avez besoin, ou prolongez-la ici :

    { $link }
letter-deployed-subject = pimaster : { $name } est déployée
letter-deployed =
    Tous les nœuds de votre réservation { $name } sont déployés : { $deployed }.

    Comment s’y connecter :

    { $link }
letter-undone-subject = pimaster : { $name } n’est pas entièrement déployée
letter-undone =
    De votre réservation { $name }, ces nœuds ne sont pas déployés : { $undone }.
    Ceux-ci le sont : { $deployed }.

    Ce qui a été vu, et que faire :

    { $link }

## Blocages, heures d’ouverture, groupes
rules-at-once = Nœuds d’une personne au même moment (vide : sans limite)
reserve-open = Ouvert : { $hours }.
calendar-kept = { $reason }, de { $start } à { $end }, pour { $whom }
blocks-title = Blocages et heures d’ouverture
blocks-empty = Aucun nœud n’est bloqué.
blocks-from = De
blocks-until = À
blocks-nodes = Nœuds
blocks-reason = Raison
blocks-for = Pour
blocks-nobody = personne
blocks-all = tous les nœuds
blocks-at-switch = à { $switch }
blocks-of-model = ceux d’un modèle
blocks-of-switch = ceux d’un commutateur
blocks-of-names = ceux nommés ci-dessous
blocks-names = Noms de nœuds
blocks-start = Début, vide pour maintenant
blocks-end-at = Fin
blocks-end = Terminer
blocks-end-name = Terminer le blocage : { $reason }
blocks-new = Bloquer des nœuds
blocks-new-what = Pendant un blocage, seuls les membres de son groupe réservent, ou personne ; cela vaut aussi pour les administrateurs.
blocks-do = Bloquer
blocks-done = Les nœuds sont bloqués.
blocks-ended = Le blocage est terminé.
blocks-colliding = { $count ->
        [one] Une réservation tombe dans ce blocage. Que devient-elle ?
       *[other] { $count } réservations tombent dans ce blocage. Que deviennent-elles ?
    }
blocks-keep = Elles restent et continuent
blocks-give-back = Celles qui commencent avant le blocage se terminent à son début, les autres maintenant ; leurs propriétaires sont prévenus
hours-title = Heures d’ouverture
hours-what = Les réservations des personnes, pas celles des administrateurs, tiennent dans ces heures. Laissez vides les deux champs d’un jour fermé. Un jour peut durer jusqu’à 24:00.
hours-limited = Le laboratoire n’est ouvert qu’à ces heures
hours-save = Enregistrer les heures
hours-saved = Les heures d’ouverture sont enregistrées.
day-1 = Lundi
day-2 = Mardi
day-3 = Mercredi
day-4 = Jeudi
day-5 = Vendredi
day-6 = Samedi
day-7 = Dimanche
groups-title = Groupes
groups-what = Ce que dit un groupe passe avant les règles pour tous ; de plusieurs groupes, la limite la plus généreuse compte. Ce qui est vide est comme pour tous.
groups-new = Nouveau groupe
groups-name = Nom
groups-members = Adresses électroniques de ses membres, une par ligne
groups-node-hours = Réservations d’un membre en tout, en nœuds fois heures
groups-at-once = Nœuds d’un membre au même moment
groups-save = Enregistrer le groupe
groups-saved = Le groupe est enregistré.
groups-remove-ask = Supprimer…
groups-remove-effect = Ses membres sont de nouveau comme les autres ; ses blocages sont pour personne.
groups-remove = Supprimer { $name }
groups-removed = Le groupe est supprimé.
letter-given-back-subject = pimaster : { $name } se termine plus tôt
letter-given-back =
    Un administrateur a besoin de nœuds de votre réservation { $name } pour autre chose. Elle se termine le { $end }, ou est déjà terminée.

    Ce qu’elle était :

    { $link }
letter-turn-subject = pimaster : vos nœuds sont libres, { $name }
letter-turn =
    Les nœuds que vous attendiez sont à vous sous le nom { $name } jusqu’au { $end }. Dites bientôt ce qui doit y être mis : sans configuration, la réservation se termine d’elle-même.

    { $link }

## La file d’attente
queue-title = File d’attente
queue-join = Attendre ce nombre
queue-join-what = Attend dans la file jusqu’à ce que ce nombre de nœuds du modèle soit libre.
queue-joined = { $name } attend ses nœuds. Vous serez prévenu quand ce sera votre tour.
queue-empty = Personne n’attend de nœuds.
queue-rule = Chacun reçoit le moment le plus proche que laissent les réservations et ceux qui sont devant. Qui attend derrière passe avant seulement si cela ne retarde personne, et personne ne réserve ni ne prolonge sur le tour de ceux qui attendent. Quand des nœuds se libèrent plus tôt, tous les tours viennent plus tôt.
queue-position = Place
queue-who = Qui
queue-wish = Attend
queue-since = Depuis
queue-estimate = Commence au plus tard
queue-never = inconnu : plus que ce que vous pouvez avoir maintenant, ou jamais autant à la fois
queue-asks = { $name } : { $count } × { $model }, { $hours } h
queue-leave = Quitter
queue-leave-name = Quitter la file : { $name }
queue-left = La demande a quitté la file.

## Lots
bin-extend-ask = Prolonger…
bin-extend-hours = De combien d’heures
bin-extend = Prolonger
bin-extend-wrong = « { $seen } » n’est pas un nombre d’heures ; 1 ou plus est attendu.
bin-extended = { $hours ->
        [one] La réservation dure une heure de plus.
       *[other] La réservation dure { $hours } heures de plus.
    }
