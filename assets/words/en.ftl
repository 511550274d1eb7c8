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

## One-time links
link-password-title = Choose a password
link-password-whose = Choose the password of { $email }.
link-password-do = Set the password and sign in
link-once = This link works once.
link-sign-in-do = Sign in as { $email }
password-new = New password
password-rule = At least { $least } characters of any kind; a few words are good.
password-again = The same again

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
settings-tokens-what = For programs: they may do what you may.
settings-tokens-document = The API's document
settings-token-made-at = made
settings-token-revoke = Revoke
settings-token-revoke-name = Revoke { $name }
settings-token-what-for = What the token is for
settings-token-make = Make a token
settings-token-made = The token is made.
settings-token-revoked = The token is revoked: it no longer works.
key-no-comment = (no comment)

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
