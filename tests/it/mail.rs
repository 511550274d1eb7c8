//! E-mail: the page of administrators, what is sent, what is refused.

use crate::browser::{Browser, between, location};
use crate::mail_server::{MailServer, Taken};
use crate::test_app::TestApp;
use axum::http::StatusCode;
use pimaster::mail::Worker;
use pimaster::model::clock::{self, Clock, SignedDuration, Timestamp};
use pimaster::model::mail::{LetterState, ListedLetter};
use pimaster::model::user::Role;
use pimaster::store::{outbox, users};
use std::sync::{Arc, Mutex};

/// An app, its administrator, a mail server, and the worker between on a clock that is moved by hand.
struct Post<'a> {
    app: &'a TestApp,
    root: Browser<'a>,
    server: MailServer,
    worker: Worker,
    ahead: Arc<Mutex<SignedDuration>>,
}

impl<'a> Post<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let ahead = Arc::new(Mutex::new(SignedDuration::ZERO));
        let moved = Arc::clone(&ahead);
        let clock = Clock::reading(move || clock::now() + *moved.lock().unwrap());
        let worker = Worker::new(app.store.clone(), app.keys.sealer().unwrap(), clock);
        let root = Browser::signed_in(app, "root@lab.example", Role::Admin).await;
        let server = MailServer::start().await;
        let mut post = Self { app, root, server, worker, ahead };
        assert_eq!(location(&post.save(&[]).await), "/mail");
        post
    }

    /// Saves settings that work, but for `other` fields.
    async fn save(&mut self, other: &[(&str, &str)]) -> crate::test_app::Answer {
        let port = self.server.address.port().to_string();
        let mut fields = other.to_vec();
        let good = [
            ("is_enabled", "on"),
            ("host", "127.0.0.1"),
            ("port", port.as_str()),
            ("security", "none"),
            ("from", "pimaster@lab.example"),
        ];
        fields.extend(good.into_iter().filter(|(name, _)| !other.iter().any(|(other, _)| other == name)));
        self.root.post("/mail", &fields).await
    }

    /// Sends what is due; says what the server took.
    async fn deliver(&self) -> Vec<Taken> {
        self.worker.send_due().await.unwrap();
        self.server.taken()
    }

    /// Lets the time pass until the next try.
    async fn pass(&self) {
        let next: Timestamp = self.app.store.read(outbox::next_at).await.unwrap().unwrap();
        *self.ahead.lock().unwrap() = next.duration_since(clock::now()) + SignedDuration::from_secs(1);
    }

    async fn newest(&self) -> ListedLetter {
        self.app.store.read(|conn| outbox::list(conn, None, 1)).await.unwrap().remove(0)
    }
}

#[tokio::test]
async fn a_test_mail_comes_and_the_page_says_so() {
    let app = TestApp::new(1).await;
    let mut post = Post::new(&app).await;
    assert_eq!(location(&post.root.post("/mail/test", &[]).await), "/mail");
    let page = post.root.get("/mail").await.body;
    assert!(page.contains("test mail to root@lab.example is on its way") && page.contains("waits"), "{page}");
    let taken = post.deliver().await;
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].from.as_str(), taken[0].to.as_str()), ("pimaster@lab.example", "root@lab.example"));
    let content = &taken[0].content;
    assert!(
        content.contains("Subject: pimaster: a test mail") && content.contains("Message-ID: <pimaster-1-"),
        "{content}"
    );
    assert!(taken[0].text().contains("Sent by pimaster at http://pimaster.test"), "{content}");
    let outbox = post.root.get("/mail/live").await.body;
    assert!(outbox.contains("sent") && !outbox.contains("waits") && !outbox.contains("<html"), "{outbox}");
    assert!(post.deliver().await.is_empty(), "sent once");
}

#[tokio::test]
async fn what_is_refused_for_now_is_tried_again_and_what_is_refused_for_good_is_not() {
    let app = TestApp::new(1).await;
    let mut post = Post::new(&app).await;
    post.server.refuse(Some("451 4.7.1 come back later"));
    post.root.post("/mail/test", &[]).await;
    assert!(post.deliver().await.is_empty());
    let page = post.root.get("/mail").await.body;
    assert!(page.contains("come back later") && page.contains("Tried once"), "{page}");
    assert!(post.deliver().await.is_empty());
    assert_eq!(post.newest().await.tries, 1, "not before its time");
    post.server.refuse(None);
    post.pass().await;
    assert_eq!(post.deliver().await.len(), 1);
    let sent = post.newest().await;
    assert_eq!((sent.state, sent.tries, sent.last_error.as_str()), (LetterState::Sent, 2, ""));

    post.server.refuse(Some("550 5.1.1 nobody of that name"));
    post.root.post("/mail/test", &[]).await;
    assert!(post.deliver().await.is_empty());
    assert_eq!(post.newest().await.state, LetterState::GivenUp);
    let page = post.root.get("/mail").await.body;
    assert!(page.contains("given up") && page.contains("nobody of that name"), "{page}");
}

#[tokio::test]
async fn a_mail_that_is_never_taken_is_given_up_and_said_so() {
    let app = TestApp::new(1).await;
    let mut post = Post::new(&app).await;
    post.server.refuse(Some("450 4.2.1 mailbox busy"));
    post.root.post("/mail/test", &[]).await;
    let mut tries = 0;
    while post.newest().await.state == LetterState::Waiting {
        assert!(post.deliver().await.is_empty());
        tries += 1;
        assert!(tries < 20);
        if post.newest().await.state == LetterState::Waiting {
            post.pass().await;
        }
    }
    assert_eq!(post.newest().await.tries, tries);
    let page = post.root.get("/mail").await.body;
    assert!(page.contains("given up") && page.contains("mailbox busy"), "{page}");
}

#[tokio::test]
async fn a_server_that_is_away_is_told_and_mended_settings_are_tried_at_once() {
    let app = TestApp::new(1).await;
    let mut post = Post::new(&app).await;
    // A port that nobody has: it was just let go.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    location(&post.save(&[("port", &free)]).await);
    post.root.post("/mail/test", &[]).await;
    assert!(post.deliver().await.is_empty());
    let error = post.newest().await.last_error;
    assert!(error.contains("refused"), "{error}");
    location(&post.save(&[]).await);
    assert_eq!(post.deliver().await.len(), 1);
}

#[tokio::test]
async fn a_server_without_encryption_gets_nothing_if_it_is_wanted() {
    let app = TestApp::new(1).await;
    let mut post = Post::new(&app).await;
    let settings = [("security", "starttls"), ("user", "pi"), ("password", "correct horse")];
    location(&post.save(&settings).await);
    post.root.post("/mail/test", &[]).await;
    assert!(post.deliver().await.is_empty());
    let error = post.newest().await.last_error.to_lowercase();
    assert!(error.contains("starttls"), "{error}");
}

#[tokio::test]
async fn the_password_is_sealed_and_never_shown() {
    let app = TestApp::new(1).await;
    let mut post = Post::new(&app).await;
    let clear = post.save(&[("user", "pi"), ("password", "correct horse")]).await;
    assert_eq!(clear.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(clear.body.contains("not sent in clear"), "{}", clear.body);
    let settings = [("security", "tls"), ("user", "pi"), ("password", "correct horse")];
    location(&post.save(&settings).await);
    let stored = async || -> serde_json::Value {
        app.store.read(|conn| pimaster::store::site::get(conn, "mail")).await.unwrap()
    };
    let first = stored().await;
    assert!(!first.to_string().contains("correct horse"), "{first}");
    let page = post.root.get("/mail").await.body;
    assert!(page.contains("A password is stored") && !page.contains("correct horse"), "{page}");
    assert!(!page.contains(first["sealed_password"].as_str().unwrap()), "not even sealed");
    location(&post.save(&[("security", "tls"), ("user", "pi")]).await);
    assert_eq!(stored().await, first, "an empty field keeps it");
    let elsewhere = post.save(&[("security", "tls"), ("user", "pi"), ("host", "evil.example")]).await;
    assert!(elsewhere.body.contains("type the password"), "{}", elsewhere.body);
    let log = post.root.get("/audit").await.body;
    assert!(log.contains("how mails are sent"), "{log}");
}

#[tokio::test]
async fn without_a_server_nothing_is_written_and_what_waits_is_dropped() {
    let app = TestApp::new(1).await;
    let mut post = Post::new(&app).await;
    post.root.post("/mail/test", &[]).await;
    let off = post.root.post("/mail", &[("port", "587"), ("security", "starttls")]).await;
    assert_eq!(location(&off), "/mail");
    assert!(post.deliver().await.is_empty());
    let dropped = post.newest().await;
    assert_eq!(
        (dropped.state, dropped.last_error.as_str()),
        (LetterState::GivenUp, "e-mail was switched off")
    );
    post.root.post("/mail/test", &[]).await;
    let page = post.root.get("/mail").await.body;
    assert!(page.contains("administrators hand links over"), "{page}");
    assert_eq!(app.store.read(|conn| outbox::list(conn, None, 9)).await.unwrap().len(), 1);
    assert_eq!(between(&page, "action=\"/mail/test\"", ">"), None);
}

#[tokio::test]
async fn the_page_is_for_administrators() {
    let app = TestApp::new(1).await;
    let mut ada = Browser::signed_in(&app, "ada@lab.example", Role::User).await;
    for path in ["/mail", "/mail/live"] {
        assert_eq!(ada.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
        assert!(location(&Browser::new(&app).get(path).await).starts_with("/sign-in"), "{path}");
    }
    for path in ["/mail", "/mail/test"] {
        assert_eq!(ada.post(path, &[]).await.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(location(&Browser::new(&app).post(path, &[]).await), "/sign-in", "{path}");
    }
    assert!(!ada.get("/settings").await.body.contains("href=\"/mail\""));
}

const NEW: [(&str, &str); 4] = [
    ("email", "Eve@Lab.Example"),
    ("name", "Eve"),
    ("new_password", "correct horse"),
    ("again", "correct horse"),
];

async fn sign_up(browser: &mut Browser<'_>, fields: &[(&str, &str)]) -> String {
    browser.get("/sign-up").await;
    let answer = browser.post("/sign-up", fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    between(&answer.body, "<main", "</main>").unwrap().to_owned()
}

async fn sign_in(browser: &mut Browser<'_>, password: &str) -> StatusCode {
    browser.get("/sign-in").await;
    let fields = [("email", "eve@lab.example"), ("password", password)];
    browser.post("/sign-in", &fields).await.status
}

#[tokio::test]
async fn who_signs_up_confirms_by_mail_and_comes_in_if_that_is_enough() {
    let app = TestApp::new(1).await;
    let mut post = Post::new(&app).await;
    let policy = [("is_open", "on"), ("domains", ""), ("confirmed_is_enough", "on")];
    location(&post.root.post("/users/policy", &policy).await);
    let mut eve = Browser::new(&app);
    let said = sign_up(&mut eve, &NEW).await;
    assert!(said.contains("on its way to eve@lab.example") && !said.contains("administrator"), "{said}");
    assert_eq!(sign_in(&mut eve, "correct horse").await, StatusCode::FORBIDDEN, "not confirmed yet");
    let taken = post.deliver().await;
    assert_eq!((taken.len(), taken[0].to.as_str()), (1, "eve@lab.example"));
    let link = taken[0].link();
    let page = eve.get(&link).await;
    assert!(page.body.contains("This is my address: eve@lab.example"), "{}", page.body);
    assert_eq!(location(&eve.post(&link, &[]).await), "/");
    assert_eq!(eve.get("/settings").await.status, StatusCode::OK);
    assert_eq!(eve.get(&link).await.status, StatusCode::GONE);
    let mut elsewhere = Browser::new(&app);
    assert_eq!(sign_in(&mut elsewhere, "correct horse").await, StatusCode::SEE_OTHER);
    assert!(post.root.get("/users").await.body.contains("address confirmed"));

    // Somebody else signs up with the address: told nothing, its owner is.
    let mut thief = Browser::new(&app);
    assert_eq!(sign_up(&mut thief, &NEW).await, said);
    let told = post.deliver().await;
    assert_eq!(told.len(), 1);
    assert!(told[0].text().contains("there is one already"), "{}", told[0].content);
    assert!(!told[0].text().contains("/links/"));
}

#[tokio::test]
async fn a_confirmed_account_waits_if_that_is_not_enough() {
    let app = TestApp::new(1).await;
    let post = Post::new(&app).await;
    let mut eve = Browser::new(&app);
    let said = sign_up(&mut eve, &NEW).await;
    assert!(said.contains("An administrator then accepts"), "{said}");
    let link = post.deliver().await.remove(0).link();
    eve.get(&link).await;
    location(&eve.post(&link, &[]).await);
    assert_eq!(eve.get("/settings").await.status, StatusCode::FORBIDDEN);
    assert_eq!(sign_in(&mut eve, "correct horse").await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn who_was_revoked_does_not_come_back_by_an_old_link() {
    let app = TestApp::new(1).await;
    let mut post = Post::new(&app).await;
    let policy = [("is_open", "on"), ("domains", ""), ("confirmed_is_enough", "on")];
    location(&post.root.post("/users/policy", &policy).await);
    let mut eve = Browser::new(&app);
    sign_up(&mut eve, &NEW).await;
    let link = post.deliver().await.remove(0).link();
    let id = app.store.read(|conn| users::by_email(conn, "eve@lab.example")).await.unwrap().unwrap().id;
    for role in ["user", "pending"] {
        location(&post.root.post(&format!("/users/{id}/role"), &[("role", role)]).await);
    }
    assert_eq!(eve.get(&link).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn mails_are_in_the_language_of_who_asked() {
    let app = TestApp::new(1).await;
    let post = Post::new(&app).await;
    let mut eve = Browser::new(&app);
    eve.get("/sign-up").await;
    eve.post("/language", &[("language", "fr")]).await;
    let said = sign_up(&mut eve, &NEW).await;
    assert!(said.contains("Un courriel est en route"), "{said}");
    let taken = post.deliver().await.remove(0);
    assert!(taken.text().contains("Si ce n’est pas vous, ne faites rien"), "{}", taken.text());
    eve.get(&taken.link()).await;
    location(&eve.post(&taken.link(), &[]).await);
}

#[tokio::test]
async fn links_in_waiting_mails_cannot_be_read_in_the_database() {
    let app = TestApp::new(1).await;
    let post = Post::new(&app).await;
    sign_up(&mut Browser::new(&app), &NEW).await;
    let now = clock::now();
    let due = app.store.write(move |tx| outbox::take(tx, now, now)).await.unwrap().unwrap();
    assert!(!due.letter.sealed_body.contains("links"), "{due:?}");
    assert!(post.deliver().await[0].link().len() > 40);
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_mail_and_nobody_learns_who_has_an_account() {
    let app = TestApp::new(1).await;
    let post = Post::new(&app).await;
    let mut eve = Browser::signed_in(&app, "eve@lab.example", Role::User).await;
    let mut forgetful = Browser::new(&app);
    let page = forgetful.get("/sign-in").await.body;
    assert!(page.contains("href=\"/forgotten-password\""), "{page}");
    let mut ask = async |email: &str| {
        forgetful.get("/forgotten-password").await;
        let answer = forgetful.post("/forgotten-password", &[("email", email)]).await;
        (answer.status.as_u16(), between(&answer.body, "<main", "</main>").unwrap().replace(email, "who"))
    };
    let said = ask("eve@lab.example").await;
    assert_eq!((said.0, ask("nobody@lab.example").await), (200, said.clone()));
    let wrong = ask("no address").await;
    assert!(wrong.0 == 422 && wrong.1.contains("is no e-mail address"), "{wrong:?}");
    let taken = post.deliver().await;
    assert_eq!(taken.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["eve@lab.example"]);
    for _ in 0..3 {
        assert_eq!(ask("nobody@lab.example").await.0, 200);
    }
    let slowed = ask("nobody@lab.example").await;
    assert!(slowed.0 == 429 && slowed.1.contains("Wait"), "{slowed:?}");

    let link = taken[0].link();
    let mut there = Browser::new(&app);
    there.get(&link).await;
    location(&there.post(&link, &[("new_password", "another horse"), ("again", "another horse")]).await);
    assert!(location(&eve.get("/settings").await).starts_with("/sign-in"), "old sessions end");
    assert_eq!(sign_in(&mut Browser::new(&app), "another horse").await, StatusCode::SEE_OTHER);
    assert_eq!(there.get(&link).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn without_a_mail_server_administrators_are_asked_for_links() {
    let app = TestApp::new(1).await;
    let mut eve = Browser::new(&app);
    assert_eq!(eve.get("/forgotten-password").await.status, StatusCode::NOT_FOUND);
    let page = eve.get("/sign-in").await.body;
    assert!(
        page.contains("Ask an administrator for a link") && !page.contains("/forgotten-password"),
        "{page}"
    );
    let fields = [("email", "eve@lab.example")];
    assert_eq!(eve.post("/forgotten-password", &fields).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn who_is_accepted_gets_a_mail() {
    let app = TestApp::new(1).await;
    let mut post = Post::new(&app).await;
    sign_up(&mut Browser::new(&app), &NEW).await;
    post.deliver().await;
    let id = app.store.read(|conn| users::by_email(conn, "eve@lab.example")).await.unwrap().unwrap().id;
    let path = format!("/users/{id}/role");
    location(&post.root.post(&path, &[("role", "user")]).await);
    let taken = post.deliver().await;
    assert_eq!((taken.len(), taken[0].to.as_str()), (1, "eve@lab.example"));
    assert!(taken[0].text().contains("has accepted your account"), "{}", taken[0].content);
    for role in ["admin", "user", "pending"] {
        location(&post.root.post(&path, &[("role", role)]).await);
    }
    assert!(post.deliver().await.is_empty(), "only who waited is told");
}
