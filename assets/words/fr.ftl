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

## Liens à usage unique
link-password-title = Choisir un mot de passe
link-password-whose = Choisissez le mot de passe de { $email }.
link-password-do = Enregistrer le mot de passe et se connecter
link-once = Ce lien ne sert qu’une fois.
link-sign-in-do = Se connecter comme { $email }
password-new = Nouveau mot de passe
password-rule = Au moins { $least } caractères quelconques ; quelques mots font l’affaire.
password-again = Le même encore une fois

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
settings-tokens-what = Pour les programmes : ils peuvent ce que vous pouvez.
settings-tokens-document = Le document de l’API
settings-token-made-at = créé
settings-token-revoke = Révoquer
settings-token-revoke-name = Révoquer { $name }
settings-token-what-for = À quoi sert le jeton
settings-token-make = Créer un jeton
settings-token-made = Le jeton est créé.
settings-token-revoked = Le jeton est révoqué : il ne marche plus.
key-no-comment = (sans commentaire)

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
