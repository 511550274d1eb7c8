# The texts of the pages. Names: page or part, then what it is. The same names stand in every language.

## Around every page
skip = Skip to the page
nav-main = Main
nav-reserve = Reserve
nav-configure = Configure
nav-manage = Manage
nav-discovered = Discovered
nav-network = Network
nav-settings = Settings
administrator = administrator
sign-out = Sign out
shown-once = It is shown only now: copy it before you leave this page.
offline = The connection to pimaster is lost; trying again. Age of what you see:
reload-each = This page is loaded again every 10 seconds.
refresh-now = Refresh now
to-start = To the start
times-in = Times are those of { $zone }.

## Times
time-now = now
time-ago = { $duration } ago
time-in = in { $duration }

## Signing in
sign-in-title = Sign in
sign-in-email = E-mail address
sign-in-password = Password
sign-in-do = Sign in
sign-in-help = No password yet, or lost? Ask an administrator for a link to choose one.
sign-in-wrong = Wrong e-mail address or password.
sign-in-wait = Too many wrong passwords. Wait { $seconds ->
        [one] { $seconds } second
       *[other] { $seconds } seconds
    } and try again.

## Manage: bins, their nodes, states
manage-places = Pages about bins
manage-own = My bins
manage-history = My past deployments
manage-all = Everybody's bins
manage-bookings = All reservations
manage-history-all = Everybody's past deployments
manage-empty = No node is reserved.
bin-starts = starts
bin-ends = ends
bin-ready = { $ready } of { $all } ready
bin-stuck = { $stuck } stuck
bin-configure = Configure
bin-configure-what = to deploy something on it.
bin-reconfigure = Change the configuration
bin-cancel-ask = Cancel the reservation…
bin-cancel-effect = The nodes are free for others at once.
bin-cancel = Cancel the reservation
bin-destroy-ask = Destroy node bin…
bin-destroy-effect = Access ends, the cards are wiped, the nodes are free for others. This cannot be undone.
bin-destroy = Destroy the node bin
bin-released = The bin is given back; its nodes are free when they are wiped.
batch-title = Nodes that are ticked
batch-all = all { $count } nodes of this bin
batch-again-effect = Everything on their cards is lost.
batch-again = Deploy them again
batch-destroy = Destroy them
batch-none = No node was ticked. Tick some, then choose what shall be done.
batch-done-reboot = A hard reboot was asked for on { $done } of { $all } nodes.
batch-done-again = Deploying again was asked for on { $done } of { $all } nodes.
batch-done-destroy = Destroying was asked for on { $done } of { $all } nodes.
batch-asked = { $node }: asked for, it begins shortly.
batch-refused = { $node }: refused. { $why }
node-boot = How { $node } boots
node-whole-boot = The whole boot of { $node }
node-step = step { $step } of { $steps }
node-saved-state = at { $state }
node-progress = Progress of { $node }
node-progress-of = { $done } of { $total }
node-left = { $duration } left
node-hard-reboot = Hard reboot
node-again-ask = Deploy again…
node-again-effect = Everything on the card of { $node } is lost.
node-again = Deploy { $node } again
node-destroy-ask = Destroy…
node-destroy-effect = Access ends, the card is wiped, the node goes off. It stays reserved until the bin ends, with its last node at the latest. This cannot be undone.
node-destroy = Destroy { $node }
node-asked-reboot = A hard reboot was asked for and begins shortly.
node-asked-again = Deploying again was asked for and begins shortly.
node-asked-destroy = Destroying was asked for and begins shortly.
node-log = Last lines of { $node }
node-log-whole = The whole history
node-log-empty = Nothing has happened yet.
node-host-key = host key
node-known-hosts = Line for your known_hosts:
copy = Copy
copy-line = Copy the line of { $node }
copy-done = Copied
problem-seen = Seen:
problem-expected = Expected:
problem-advice = What to do:
problem-boot = Since then:
track-title = States of { $node }
track-stopped = stopped here
track-left-out = left out
state-initialized = waits for its configuration or its start
state-nfs-boot-conf = the installer is prepared
state-nfs-boot-off = power is off
state-nfs-boot-on = the installer boots
state-env-copy = the image is written to the card
state-env-check = the card is read back and compared
state-partitions = the partition table is edited
state-mount-partition = the file system is checked
state-resizing = the file system grows
state-system-conf = host name, accounts and keys are set
state-boot-files = the next boot is prepared
state-env-boot = the environment boots
state-user-conf = accounts are completed
state-system-update = packages are updated
state-user-script = your script runs
state-deployed = ready to use
state-lost = no sign of life; try a hard reboot, then deploy again
state-hard-reboot = power goes off and on
state-destroying = access ends, the card is wiped
state-destroyed = over
state-save-env = the system is saved as an environment
state-failed = a step failed; see below
reservation-held = not configured
reservation-configured = configured
reservation-active = active
reservation-ending = being taken down
reservation-ended = over

## Past deployments
history-title = Past deployments
history-node-title = Deployments on { $node }
history-of-node = Past deployments
history-empty = Nothing has been deployed yet.
history-older = Older ones
history-began = Began
history-environment = Environment
history-bin = Bin
history-outcome = How it went
history-to-deploy = Until handed over
history-handed-over = Handed over
history-ended = Over
history-used = In use for
history-lines = Everything that happened
deployment-title = { $environment } on { $node }
outcome-running = not over
outcome-deployed = deployed
outcome-lost = lost
outcome-failed = failed
outcome-given-up = ended before

## All reservations, for administrators
bookings-title = All reservations
bookings-owner = Owner
bookings-node = Node
bookings-nodes = Nodes
bookings-from = From
bookings-until = Until
bookings-state = State
bookings-empty = No reservation is running or to come that fits.
bookings-more = { $more } more are not shown. Filter by owner or node.

## One-time links
link-password-title = Choose a password
link-password-whose = Choose the password of { $email }.
link-password-do = Set the password and sign in
link-once = This link works once.
link-sign-in-do = Sign in as { $email }
password-new = New password
password-rule = At least { $least } characters of any kind; a few words are good.
password-again = The same again

## Configuring
configure-title = Configure
configure-from = from
configure-until = until
configure-count = { $count ->
        [one] { $count } node
       *[other] { $count } nodes
    }
configure-none = No reservation waits for its configuration.
configure-reserve = Reserve nodes
configure-manage = See the nodes in use
configure-can-change = Configured with { $environment }; can still be changed.
configure-not-yet = Not configured yet.
hold-ends = Unless it is configured, this reservation ends in
configure-environment = Environment
configure-no-environments = There are no environments yet. An administrator imports one:
configure-unfit = { $count ->
        [one] { $count } environment is not offered: it boots on none of these boards.
       *[other] { $count } environments are not offered: they boot on none of these boards.
    }
configure-written = { $bytes } to write
configure-card = card of { $bytes } or more
configure-account = sign in as
configure-only = Boots only on { $nodes }: choose another one for the other nodes below.
configure-time-past = About { $duration }, as { $count ->
        [one] the deployment
       *[other] the last { $count } deployments
    } on such boards took.
configure-time-estimate = About { $duration }, estimated from its size.
configure-size = Root partition
configure-size-whole = the whole card
configure-size-other = other
configure-size-other-name = Other size
configure-size-example = 7GB, or bytes
configure-access = Access
configure-password = Password of the systems
configure-password-made = Have one made; it is shown once, after this page
configure-password-given = This one:
configure-account-keys = SSH keys of the account, installed on every node:
configure-no-keys = None yet.
configure-add-keys = Add one in the settings
configure-more-keys = More SSH keys for these nodes, one per line
configure-end = At the end
configure-script = Script to run as root
configure-script-lines = Lines:
configure-script-bytes = bytes:
configure-script-most = The script is too long: at most { $most } bytes.
configure-update = Update the packages of the system (takes minutes)
configure-nodes = Single nodes
configure-nodes-what = Each node gets what stands above. Open one to give it something else.
configure-as-above = as above
configure-own-script = Script to run as root in place of the one above
configure-same = The same for all: pass over what is typed for single nodes
configure-now = Deploy now
configure-later = Deploy at the start
configure-overwritten = The cards of all nodes are overwritten.
configure-cancel = Cancel the reservation
configure-done = The nodes are configured; the deployment begins when they are due.
configure-made = The password of the systems
template-choose = Fill in from a template
template-choose-what = A template fills in the form; what was typed is lost. A password is never part of it.
template-delete = Delete
template-deleted = The template is deleted.
template-save = Save as a template
template-name = Name of the template
template-what = Keeps the environment, the size, the keys and the script; no password, and nothing of single nodes. One of the same name is replaced.
template-saved = The template { $name } is saved.
configure-wrong-environment = Choose an environment.
configure-wrong-unknown = No environment is called { $seen }. Choose one of the list.
configure-wrong-unfit = { $environment } does not boot on { $nodes }, only on { $boards }. Choose one that boots there, or another one for these nodes.
configure-wrong-size = `{ $seen }` is no partition size; expected whole, a number of bytes, or a size such as 5GB or 4GiB.
configure-wrong-small = { $seen } bytes are too few; expected at least { $bound }, the root partition of the image. Choose a larger size, or the whole card.
configure-wrong-large = { $seen } bytes are too many; expected at most { $bound }. Choose a smaller size, or the whole card.
configure-wrong-password = The password has { $seen } characters; expected at least { $least } and at most 128.
configure-wrong-password-both = A password was typed, but one shall be made. Choose one of both.
configure-wrong-key = Line { $number }: { $why }.
configure-wrong-keys = There are { $seen } keys; expected at most { $most }.
configure-wrong-script = The script has { $seen } bytes; expected at most { $most }. Make it shorter, or let it fetch the rest from the network.
configure-wrong-nul = The script holds a NUL character; expected a text.
configure-wrong-node = The form names a node that cannot be one. Open the page again.

## Settings
settings-title = Settings
settings-keys = SSH keys
settings-keys-what = Installed on every node that you deploy from now on.
settings-keys-label = Public keys, one per line
settings-keys-save = Save the keys
settings-keys-saved = The SSH keys are saved; nodes you deploy from now on get them.
settings-password = Password
settings-password-what = A new password signs out your other browsers.
settings-password-present = Present password
settings-password-do = Change the password
settings-password-done = The password is changed; your other browsers are signed out.
settings-password-wrong = This is not the present password.
settings-tokens = API tokens
settings-tokens-what = For programs: they never do more than you may.
settings-tokens-document = The API's document
settings-token-made-at = made
settings-token-revoke = Revoke
settings-token-revoke-name = Revoke { $name }
settings-token-what-for = What the token is for
settings-token-make = Make a token
settings-token-made = The token is made.
settings-token-revoked = The token is revoked: it no longer works.
key-no-comment = (no comment)

## Tokens, other testbeds, edits of the same thing by two
settings-keys-stale = Your keys were changed meanwhile, in another window or by a program. What you typed is still here; the stored keys stand above. Save again to replace them.
settings-token-expires = expires
settings-token-expires-never = never expires
settings-token-expired = expired
settings-token-used = last used
settings-token-unused = never used
settings-token-scopes = What it may do
settings-token-days = For how many days (at most { $most })
settings-token-never = It never expires
scope-read = see what you may see
scope-reserve = reserve, deploy, extend and end what is yours
scope-account = change your keys, password, sessions and tokens
scope-admin = what only administrators may
credentials-title = Other testbeds
credentials-what = Accounts with which pimaster will reserve elsewhere in your name. Passwords are stored encrypted and never shown.
credentials-login = Login
credentials-set = A password is set, on
credentials-save = Save for { $name }
credentials-saved = The account is saved; its password is stored encrypted.
credentials-remove = Remove
credentials-remove-name = Remove the account at { $name }
credentials-removed = The account is removed.
stale = Somebody else changed this while you were editing. What you typed is still here: compare it with what is stored now, then save again to replace it.
stale-stored = Stored now:
users-stale = Somebody else changed this account meanwhile. Look at it again, then decide.
device-stale = Somebody else changed this device meanwhile. Look at it again, then decide.

## Why a page is not shown
refusal-sign-in = Sign in first.
refusal-pending-title = Account not accepted yet
refusal-pending = An administrator has not accepted this account yet. Ask one, then try again.
refusal-form-title = Form refused
refusal-form = The form was not sent by a page of this session, or the session has ended since it was opened. Nothing was changed. Open the page again and send it once more.
refusal-too-large-title = Form too large
refusal-too-large = The form is larger than 1 MiB. Nothing was changed. Make the script shorter.
refusal-overdue-title = Too slow
refusal-overdue = This took too long and was given up. Look whether it was done, then try again; if it stays, an administrator finds the reason in the log.
refusal-not-found-title = No such page
refusal-not-found = Check the address, or start from a link above.
refusal-link-title = Link no longer works
refusal-link = This link was used already, was replaced by a newer one, or has expired. Ask an administrator for another.
refusal-agent-not-found-title = Not found
refusal-agent-forbidden-title = Not yours
refusal-agent-invalid-title = Not possible
refusal-agent-conflict-title = Not possible now
refusal-failure-title = Failure
refusal-failure = pimaster could not do this because of a failure of its own. Try again; if it stays, an administrator finds the reason in the log.

## Making an account
sign-up-title = Make an account
sign-up-name = Your name, if you like
sign-up-do = Make the account
sign-up-back = To the sign-in page
sign-up-closed = Nobody makes an account here by themselves. Ask an administrator for one.
sign-up-domains = The address must be of { $domains }.
sign-up-wait = Too many accounts were made from here. Wait { $seconds } s and try again.
sign-up-done = The account { $email } waits for an administrator. Once accepted, you can sign in with your password.
sign-up-done-before = If there was an account with this address before, nothing about it was changed: sign in, or ask an administrator for a link to choose a password.
link-confirm-title = Confirm your e-mail address
link-confirm-do = This is my address: { $email }

## E-mail
nav-mail = Mail
mail-title = Mail
mail-server = Mail server
mail-server-what = pimaster sends links to confirm addresses and to choose passwords. Without a mail server, administrators hand them over.
mail-enabled = Send mails
mail-host = Server
mail-port = Port
mail-security = Encryption
mail-security-none = None (only on this machine or in a closed network)
mail-security-starttls = STARTTLS, usually port 587
mail-security-tls = TLS from the beginning, usually port 465
mail-from = Address that mails come from
mail-user = User at the server, if it wants one
mail-password-stored = A password is stored, sealed; leave the field empty to keep it.
mail-save = Save
mail-saved = How mails are sent is saved.
mail-off = Mails are not sent: administrators hand links over.
mail-test = Try it
mail-test-what = Sends a mail to your own address. What became of it stands below.
mail-test-do = Send a test mail
mail-test-written = A test mail to { $email } is on its way; what becomes of it stands below.
mail-test-dropped = The mail is not sent: too many went to your address within the hour, or too many wait. Look at the outbox.
mail-outbox = Outbox
mail-outbox-empty = No mail was written yet.
mail-written = Written
mail-to = To
mail-subject = Subject
mail-state = State
mail-sent = sent
mail-waiting = waits
mail-given-up = given up
mail-tries = { $count ->
        [one] Tried once; again
       *[other] Tried { $count } times; again
    }
letter-foot = Sent by pimaster at { $url }
letter-test-subject = pimaster: a test mail
letter-test = This mail shows that pimaster can send mails. Nothing is to be done.

## Confirming addresses by mail
sign-up-mailed = A mail is on its way to { $email }. Open the link in it within 72 hours: it confirms your address.
sign-up-mailed-accepted = An administrator then accepts your account, and you can sign in.
letter-confirm-subject = pimaster: confirm your e-mail address
letter-confirm =
    Somebody made an account at pimaster with this e-mail address. If it was you, open this link within 72 hours:

    { $link }

    If it was not you, do nothing, and do not open it.
letter-exists-subject = pimaster: you have an account already
letter-exists =
    Somebody wanted to make an account at pimaster with this e-mail address, but there is one already. Nothing about it was changed.

    If it was you, sign in with the password that you chose then. If it was not you, there is nothing to do.

## A forgotten password
forgotten-title = Forgotten password
forgotten-what = A link to choose another password goes to the address of your account.
forgotten-do = Send the link
forgotten-done = If there is an account with the address { $email }, a mail is on its way to it. The link in it works once, within 72 hours.
forgotten-wait = Too many links were asked for from here. Wait { $seconds } s and try again.
letter-reset-subject = pimaster: choose another password
letter-reset =
    Somebody, probably you, has forgotten the password of your account at pimaster. With this link you choose another; it works once, within 72 hours:

    { $link }

    If it was not you, do nothing: your password stays as it is.

## Accepting an account, by mail
letter-accepted-subject = pimaster: your account is accepted
letter-accepted = An administrator has accepted your account at pimaster. You can sign in with your password now.

## Nodes, added by hand
nodes-add = Add a node
nodes-add-do = Add the node
nodes-add-what = What is left empty is chosen, or learnt from the board’s requests. Boards that have asked already stand on Discovered.
nodes-added = { $node } is enrolled and can be reserved.
node-mac = Hardware address
node-serial = Serial number, if it is known
node-model-learnt = Learnt from its requests

## Switches, added and asked
switches-add = Add a switch
switches-read = Ask the switch
switches-never-read = It has not been asked about all its ports yet.
switches-asking = { $switch } is asked.
switch-new-title = Add a switch
switch-title = Switch { $switch }
switch-name = Name
switch-ports = Number of ports
switch-protected = Port that feeds pimaster itself, if one does: it is never switched off
switch-first = Address of the node at port 1, if ports give addresses; the others follow
switch-address = Address of its SNMP agent (port 161 if none is given); empty if people pull plugs
switch-community = Read-write community
switch-community-kept = It is stored sealed. Leave it empty to keep it.
switch-oid = Object that switches power, without the port’s index
switch-offset = Added to a port’s number to get its index (48 on some Linksys switches)
switch-try = Try it
switch-save = Save
switch-try-what = Trying asks the switch and changes nothing, neither there nor here.
switch-saved = { $switch } is saved.
switch-remove-ask = Remove…
switch-remove-effect = What is known of its ports goes with it. A switch that feeds nodes is not removed.
switch-remove = Remove { $switch }
switch-removed = { $switch } is removed.
switch-says = What the switch says
switch-asking = is asked
switch-asked = Asked
switch-answers = answers
switch-fails = fails
switch-counts = { $read ->
        [one] One port can be read;
       *[other] { $read } ports can be read;
    } { $on ->
        [one] one is on.
       *[other] { $on } are on.
    }
switch-watts = All ports together take
switch-protected-off = Port { $port } is off, so it cannot be the one that feeds pimaster. Look which port does.
switch-no-number = `{ $seen }` is no number that fits here.
switch-no-address = `{ $seen }` is no address; expected one such as 10.20.0.2.

## Environments
nav-environments = Environments
environments-title = Environments
environments-all = All environments
environments-empty = There is no environment yet. Bring an image in.
environments-name = Name
environments-description = Description, one line
environments-user = Signed in to as
environments-sharing = Who may use it
environments-sizes = Sizes
environments-imported = Imported
environments-uses = Used by
environments-of-site = of the site
environments-refused = Not shared:
environments-card = card of at least
environments-written = written
environments-stored = stored
environments-command-line = on the command line
environments-used = { $count ->
        [0] no reservation
        [one] one reservation
       *[other] { $count } reservations
    }
environments-saved = { $name } is saved.
environments-removed = { $name } is removed.
environments-remove-effect = Its image is deleted. One that reservations use is not removed.
sharing-private = private
sharing-asked = asks to be shared
sharing-shared = shared
sharing-default = offered first
sharing-accept = Share it with everybody
sharing-refuse-ask = Do not share it…
sharing-refuse = Refuse
sharing-share = Share it with everybody
sharing-make-default = Offer it first
sharing-make-private = Make it private
sharing-ask = Ask that everybody may use it
imports-title = Imports
import-title = Bring an image in…
import-what = A disk image for a card: .img, also in .xz, .gz, .zst, .zip or .tar.gz. It is private until it is shared.
import-description = Description, one line; empty: the system’s own name
import-user = Account that people sign in with; empty: the usual one of the system
import-for-site = It belongs to the site, and everybody may use it
import-source = Where it comes from
import-source-upload = sent from this browser
import-source-what = Files that lie in the folder incoming of the data folder need not be sent.
import-begin = Next
import-of = Import of { $name }
import-file = The image
import-file-what = At most { $most }. Keep this page open until the file is sent; afterwards it may be closed.
import-send = Send it
import-sent = The file came whole; it is imported now.
import-broke-off = The file did not come whole; nothing was kept. Begin again.
import-by = By
import-begun = begun
import-goes-on = It goes on if you close this page.
import-done-what = It can be deployed now.
import-progress = How far it is
import-receiving = waits for its file
import-waiting = waits for its turn
import-unpacking = is unpacked
import-storing = is stored
import-done = done
import-failed = failed
import-cancelled = cancelled
import-stops = It stops.
import-cancel = Cancel

## Discovered and detected
discovered-what = Machines that asked for an address here and are no nodes. They get no answer until they are enrolled.
discovered-count = { $count ->
       *[other] discovered
    }
discovered-none = Nothing unknown has asked for an address. Plug a board in and switch its port on; it shows up here.
discovered-one-title = Enrol a board
discovered-enrol = Enrol
discovered-left-empty = What is left empty is chosen, but for the port.
discovered-otherwise = Enrol otherwise…
discovered-enrol-as = Enrol as { $name } at { $address }
discovered-replace-ask = Put it in the place of { $node }…
discovered-replace-effect = Its port is that of { $node }. The node keeps name, address and port; what is known of its old board is forgotten, and the old board shows up here when it asks again.
discovered-replace = Replace the board of { $node }
discovered-replaced = { $node } has this board now.
discovered-forget = Forget
discovered-forgotten = It is forgotten, until it asks again.
discovered-serial = serial number
discovered-revision = revision code
discovered-board-revision = board revision
discovered-host-name = host name
discovered-vendor-class = vendor class
discovered-architecture = architecture
discovered-machine-id = machine id
discovered-relay = behind the relay
discovered-at-port = at port
discovered-of = of
discovered-no-port = switch port not found yet
discovered-asked = { $count ->
        [one] asked once
       *[other] asked { $count } times
    }
discovered-last = last by its { $asker }
discovered-first = first
rename-ask = Rename all nodes…
rename-prefix = Prefix; the last number of each address follows
rename-do = Rename all
rename-done = { $count ->
        [0] Every name was so already.
        [one] One node is renamed.
       *[other] { $count } nodes are renamed.
    }
detection-title = Detection
detection-all = All discovered machines
detection-ports-of = { $count ->
        [one] One port of { $switch }
       *[other] { $count } ports of { $switch }
    }
detection-port = port { $port }
detection-began = began
detection-ended = ended
detection-stops = It stops, and gives each port the power it had.
detection-goes-on = It goes on if you close this page. While it runs, nodes at these ports cannot be reserved.
detection-stop = Stop
detection-ports = Ports
detection-log = Log
detection-not-yet = not yet
detection-running = running
detection-ask = Detect boards at ports…
detection-what = The switch’s tables are asked first; ports that they leave open are switched off and on, one after the other. Ports of reserved nodes are refused.
detection-switch = Switch
detection-do = Detect
detection-latest = Detections

## Network
network-served = How it is served
network-authoritative = authoritative: pimaster gives all addresses
network-proxy = proxy: another DHCP server gives addresses, pimaster tells nodes where to boot from
network-off = off: pimaster does no DHCP, nodes are known by the files they ask for
network-relays-only = relays only
network-interface = Interface
network-own = pimaster is
network-behind-relay = Behind a relay
network-router = router
network-no-router = no router
network-routing = Routing
network-routing-off = off: pimaster passes nothing on between the nodes and the outside
network-routing-on = on: nodes reach the outside through
network-masquerade = with pimaster’s address there
network-own-addresses = with their own addresses
network-wrong = What is wrong
network-nothing = Nothing was noticed.
network-first = First
network-last = Last
network-done = Done with it
network-two-servers = Two servers fight over the nodes: stop the other one or let it leave out this network, or set dhcp.mode to "proxy".
network-one-gives-proxy = One of them gives the nodes their addresses, as proxy mode needs.
network-one-gives = One of them gives the nodes their addresses.
network-others = Other DHCP servers
network-no-others = None was noticed.
network-server = Server
network-did = What it did
network-gone = It is gone
network-devices = Devices with a fixed address
network-no-devices = None. Nodes need none: each has its own address.
network-boots = Boots
network-last-asked = Last asked
network-remove = Remove
network-boot-file = Boot file below tftp/devices/, if it boots from here
network-add = Add a device
network-add-what = The switch, a printer, a PC: anything but a node.
network-add-do = Add the device
network-added = { $name } has a fixed address now; it gets it when it asks next.
network-removed = { $name } has no fixed address any more.
network-notice-removed = The notice is removed; it comes again if it is still true.
network-server-removed = The server is removed from the list; it comes again if it still answers.
network-leases = Leases
network-no-leases = No node has asked for its address yet.
network-until = Until

## A boot
boot-title = Boot of { $node }
boot-order = boot order
boot-timeline = Timeline
boot-timeline-what = Seconds count from the beginning of the boot. What the sentence above rests on is marked.
boot-under-way = boots
boot-up = came up
boot-warning = came up, look here
boot-trouble = does not come up
boot-installer = is to boot the installer
boot-local = is to boot its card
boot-environment = is to boot its card, with files from here
boot-evidence = evidence
boot-asked = It asked
boot-answered = It was answered
boot-repeated = sent again

## Accounts, for administrators
nav-users = Users
nav-audit = Audit log
users-title = Users
users-account = Account
users-role = Role
users-made = Made
users-seen = Last sign-in
users-reservations = Reservations
users-actions = Actions
users-never = never
users-confirmed = address confirmed
role-pending = waits
role-user = user
role-admin = administrator
users-accept = Accept
users-promote = Make administrator
users-demote = No longer administrator
users-revoke = Revoke access
users-link = Password link
users-remove-ask = Remove…
users-remove-effect = { $count ->
        [0] The account has no reservation.
        [one] Its reservation is given back: what is deployed on it is lost.
       *[other] Its { $count } reservations are given back: what is deployed on them is lost.
    } Sessions and tokens end at once. This cannot be undone.
users-remove = Remove { $email }
users-remove-self = You cannot remove your own account. Another administrator can.
users-removed = { $email } is removed; its nodes are given back.
users-changed = What { $email } may do is changed.
users-last-admin = This is the only administrator. Make somebody else one first.
users-add = Add an account
users-add-what = You get a link, to hand over, with which its owner chooses a password.
users-add-do = Add the account
users-added = The account { $email } is made. Hand its owner this link; it works once, within 72 hours.
users-exists = There is an account with this address already.
users-link-made = A link for { $email } to choose a password; it works once, within 72 hours.
policy-title = Who may sign up
policy-open = People may sign up by themselves
policy-domains = Only with addresses of these domains (any, if empty)
policy-confirmed = A confirmed e-mail address is enough; no administrator has to accept
policy-save = Save
policy-saved = Who may sign up is saved.
audit-title = Audit log
audit-empty = Nothing has been done yet.
audit-older = Older lines
audit-when = When
audit-who = Who
audit-from = From
audit-what = What
audit-subject = To whom or what
refusal-administrators-title = For administrators
refusal-administrators = Only administrators may see and do this. Ask one.
settings-sessions = Where you are signed in
settings-sessions-what = Each browser in which you signed in within the last week.
settings-session-since = since
settings-session-own = this browser
settings-session-end = Sign it out
settings-session-ended = That browser is signed out.

## The rack, for administrators
quarantine-is = in quarantine
quarantine-since = since
quarantine-ask = Quarantine…
quarantine-effect = It can no longer be reserved; reservations that are there go on. Everybody reads the reason.
quarantine-reason = Reason
quarantine-begin = Put { $node } in quarantine
quarantine-end = Back from quarantine
quarantine-begun = { $node } is in quarantine.
quarantine-ended = { $node } can be reserved again.
nav-nodes = Nodes
nodes-title = Nodes
nodes-empty = There is no node yet. Boards that ask for an address stand on the page Discovered.
nodes-node = Node
nodes-address = Address
nodes-serial = Serial number
nodes-port = Switch port
nodes-boot = Next boot
nodes-who = Who has it
nodes-until = until
node-title = Node { $node }
node-edit = Edit
node-name = Name, also the host name
node-model = Model
node-switch = Switch, empty if nobody switches its power
node-port = Port
node-save = Save
node-save-effect = Name and address stay while somebody uses the node. What is left empty stays, but for the port.
node-saved = { $node } is saved.
node-retire-ask = Retire…
node-retire-effect = The node leaves the rack: it is no longer listed, reserved or answered. The history of its reservations stays. Its board shows up on Discovered when it asks again.
node-retire = Retire { $node }
node-retired = { $node } has left the rack.
nav-switches = Switches
switches-title = Switches
switches-empty = There is no switch yet.
switches-hands = Nobody switches the power of this one: people pull plugs.
switches-protected = feeds pimaster
switches-no-node = no node
switches-power = Power…
switches-taken = { $owner } has { $node } now. What runs on it stops when its power goes.
switches-on = On
switches-off = Off
switches-asked-on = Port { $port } is switched on.
switches-asked-off = Port { $port } is switched off.
power-on = on
power-off = off
power-unknown = not seen yet
power-asked = asked: { $state }
power-wanted = wanted: { $state }

## Rules of booking, for administrators
rules-title = Rules of booking
rules-what = They bind people, not administrators, from the next booking on.
rules-longest = Longest reservation, in hours
rules-longest-extended = Longest when extended, in hours from its start
rules-node-hours = One person’s reservations together, in nodes times hours (empty: any)
rules-margin = Between two reservations of a node, in minutes
rules-hold = Until an unconfigured reservation ends by itself, in minutes
rules-save = Save the rules
rules-saved = The rules are saved.

## Reserve
reserve-title = Reserve nodes
reserve-nodes = Nodes
reserve-count = { $free } of { $all } free now
reserve-empty = No node is shown. Clear the filter; an administrator adds nodes with
reserve-any = Or any nodes: how many
reserve-model = Of which model
reserve-model-any = any model
reserve-as-many = Fewer will do, if not all are free
reserve-name = Name of the bin
reserve-hours = Hours, at most { $most }
reserve-start = Start ({ $zone }), empty for now
reserve-now = It is now
reserve-do = Reserve
reserve-next = Next you say what is put on them.
reserve-done = The nodes are reserved as { $name }.
calendar-when = What the calendar shows
calendar-earlier = Earlier
calendar-today = Today
calendar-later = Later
calendar-days = 2 days
calendar-week = Week
calendar-month = Month
calendar-from = From
calendar-filter = Filter by name, model, address, port
calendar-group = Group by
calendar-group-nothing = nothing
calendar-group-switch = switch
calendar-group-model = model
calendar-group-none = At no known switch
calendar-show = Show
calendar-caption = Who has which node when. Drag over free hours to choose nodes, start and length.
calendar-free = free
calendar-taken = taken
calendar-boot = How { $node } boots
calendar-told = { $owner }, from { $start } until { $end } ({ $state })

## What people are told of their reservations
rules-notice = Before its end people are told of it, in minutes; each may choose another time
ending-soon = { $name } ends soon:
ending-turn = The nodes that you waited for are yours as { $name }. Say what shall be put on them, or they go to the next.
ending-extend = Extend it, or end it
notifications-title = Notifications
notifications-what = Mails about your reservations come in the language in which you save this. Pages say that a reservation ends soon in any case.
notifications-no-mail = No mail is sent at present: no mail server is set.
notifications-before-end = Mail me before a reservation ends
notifications-outcome = Mail me when everything is deployed, or a node is lost
notifications-turn = Mail me when it is my turn in the queue
notifications-minutes = So many minutes before the end (empty: { $minutes })
notifications-save = Save what is told
notifications-saved = What you are told is saved.
feed-title = Calendar feed
feed-what = Your reservations for calendar programs (iCalendar). Who knows its address reads it: keep it to yourself.
feed-make = Make the address
feed-again = Make another address
feed-again-what = The present address then no longer works.
feed-made = The address of your feed: subscribe to it in your calendar program.
feed-revoke = Revoke the address
feed-revoked = The address of your feed no longer works.
letter-end-subject = pimaster: { $name } ends soon
letter-end =
    Your reservation { $name } ends at { $end } ({ $left }). What is on its nodes is then lost.

    Save what you need, or extend it here:

    { $link }
letter-deployed-subject = pimaster: { $name } is deployed
letter-deployed =
    All nodes of your reservation { $name } are deployed: { $deployed }.

    How to sign in to them:

    { $link }
letter-undone-subject = pimaster: { $name } is not wholly deployed
letter-undone =
    Of your reservation { $name }, these nodes are not deployed: { $undone }.
    These are: { $deployed }.

    What was seen, and what to do:

    { $link }

## Blocks, opening hours, groups
rules-at-once = One person’s nodes at the same time (empty: any number)
reserve-open = Open: { $hours }.
calendar-kept = { $reason }, from { $start } until { $end }, for { $whom }
blocks-title = Blocks and opening hours
blocks-empty = No node is blocked.
blocks-from = From
blocks-until = Until
blocks-nodes = Nodes
blocks-reason = Reason
blocks-for = For
blocks-nobody = nobody
blocks-all = all nodes
blocks-at-switch = at { $switch }
blocks-of-model = those of a model
blocks-of-switch = those at a switch
blocks-of-names = those named below
blocks-names = Names of nodes
blocks-start = Start, empty for now
blocks-end-at = End
blocks-end = End it
blocks-end-name = End the block: { $reason }
blocks-new = Block nodes
blocks-new-what = Within a block only members of its group book, or nobody; that binds administrators too.
blocks-do = Block
blocks-done = The nodes are blocked.
blocks-ended = The block is over.
blocks-colliding = { $count ->
        [one] A reservation lies in this block. What becomes of it?
       *[other] { $count } reservations lie in this block. What becomes of them?
    }
blocks-keep = They stay and go on
blocks-give-back = Those that begin before the block end when it begins, the others now; their owners are told
hours-title = Opening hours
hours-what = Reservations of people, not of administrators, lie within these hours. Leave both fields of a day empty if it is closed. A day may last until 24:00.
hours-limited = The lab is open at these hours only
hours-save = Save the hours
hours-saved = The opening hours are saved.
day-1 = Monday
day-2 = Tuesday
day-3 = Wednesday
day-4 = Thursday
day-5 = Friday
day-6 = Saturday
day-7 = Sunday
groups-title = Groups
groups-what = What a group says goes before the rules for all; of several groups the most generous limit counts. What is left empty is as for all.
groups-new = New group
groups-name = Name
groups-members = E-mail addresses of its members, one a line
groups-node-hours = One member’s reservations together, in nodes times hours
groups-at-once = One member’s nodes at the same time
groups-save = Save the group
groups-saved = The group is saved.
groups-remove-ask = Remove…
groups-remove-effect = Its members are as all others again; its blocks are for nobody.
groups-remove = Remove { $name }
groups-removed = The group is removed.
letter-given-back-subject = pimaster: { $name } ends early
letter-given-back =
    An administrator needs nodes of your reservation { $name } for something else. It ends at { $end }, or has ended already.

    What it was:

    { $link }
letter-turn-subject = pimaster: your nodes are free, { $name }
letter-turn =
    The nodes that you waited for are yours as { $name } until { $end }. Say soon what shall be put on them: without a configuration the reservation ends by itself.

    { $link }

## The queue
queue-title = Queue
queue-join = Wait for so many
queue-join-what = Waits in the queue until so many nodes of the model are free.
queue-joined = { $name } waits for its nodes. You are told when it is your turn.
queue-empty = Nobody waits for nodes.
queue-rule = Each gets the earliest time that reservations and those ahead leave. Who waits behind goes first only where that delays nobody, and nobody reserves or extends into the turn of those who wait. When nodes come free earlier, all turns come earlier.
queue-position = Place
queue-who = Who
queue-wish = Waits for
queue-since = Since
queue-estimate = Begins at the latest
queue-never = not known: more than you may have now, or never so many at once
queue-asks = { $name }: { $count } × { $model }, { $hours } h
queue-leave = Leave
queue-leave-name = Leave the queue: { $name }
queue-left = The wish has left the queue.

## Bins
bin-extend-ask = Extend…
bin-extend-hours = By how many hours
bin-extend = Extend
bin-extend-wrong = `{ $seen }` is no number of hours; expected 1 or more.
bin-extended = { $hours ->
        [one] The reservation lasts an hour longer.
       *[other] The reservation lasts { $hours } hours longer.
    }
