//! Chromium by its driver: a window, and what a person does in it.

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::{Capabilities, TimeoutConfiguration};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// For an element of a page that is there.
const SOON: Duration = Duration::from_secs(40);
/// Longer than a deployment of the demonstration rack takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(150);

const PAUSE: Duration = Duration::from_millis(500);
/// A live page changes twice a second at most.
const MOST_TRIES: usize = 10;

/// How a window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// On a desk.
    Desk,
    /// On a desk whose owner likes dark pages.
    Dark,
    /// On a phone.
    Phone,
    /// With scripts forbidden.
    NoScript,
}

/// The driver, which starts windows.
pub(crate) struct Driver {
    child: Child,
    port: u16,
}

impl Driver {
    /// Starts a driver on a free port.
    pub(crate) fn start() -> Self {
        let mut child = Command::new("chromedriver")
            .args(["--port=0", "--allowed-ips="])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("chromedriver is there; scripts/setup test installs it");
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = said.map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        Self { child, port: port.expect("the driver says its port") }
    }

    /// Opens a window without any cookie, at a pimaster.
    pub(crate) async fn open(&self, kind: Kind, pimaster: &str) -> Window {
        let profile = tempfile::tempdir().unwrap();
        let folder = format!("--user-data-dir={}", profile.path().display());
        let mut arguments =
            vec!["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
        arguments.extend(["--no-first-run", "--lang=en", "--window-size=1280,900", &folder]);
        let mut options = json!({});
        match kind {
            Kind::Desk => arguments.push("--blink-settings=preferredColorScheme=1"),
            Kind::Dark => arguments.push("--blink-settings=preferredColorScheme=0"),
            Kind::Phone => {
                let screen = json!({"width": 375, "height": 812, "pixelRatio": 1.0, "touch": true});
                options["mobileEmulation"] = json!({"deviceMetrics": screen});
            }
            Kind::NoScript => {
                options["prefs"] = json!({"profile.managed_default_content_settings.javascript": 2});
            }
        }
        options["args"] = json!(arguments);
        let mut wanted = Capabilities::new();
        wanted.insert("goog:chromeOptions".to_owned(), options);
        let driver = format!("http://127.0.0.1:{}", self.port);
        let client =
            ClientBuilder::new(HttpConnector::new()).capabilities(wanted).connect(&driver).await.unwrap();
        let scripts = TimeoutConfiguration::new(Some(LIMIT), None, None);
        client.update_timeouts(scripts).await.unwrap();
        Window { client, kind, pimaster: pimaster.to_owned(), _profile: profile }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It leaves its browsers behind, which are of its group: after a test that failed, too.
        let group = nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap());
        nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL).unwrap();
        drop(self.child.wait());
    }
}

/// A window at a pimaster.
pub(crate) struct Window {
    client: Client,
    kind: Kind,
    pimaster: String,
    _profile: tempfile::TempDir,
}

impl Window {
    /// Goes to a path of the pimaster, or to a whole address.
    pub(crate) async fn go(&self, path: &str) {
        let url = if path.starts_with('/') { format!("{}{path}", self.pimaster) } else { path.to_owned() };
        self.client.goto(&url).await.unwrap();
    }

    /// The path shown.
    pub(crate) async fn path(&self) -> String {
        self.client.current_url().await.unwrap().path().to_owned()
    }

    /// The one element, which may appear only soon.
    pub(crate) async fn one(&self, css: &str) -> Element {
        match self.client.wait().at_most(SOON).for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(cause) => panic!("no {css} ({cause}) in\n{}", self.text().await),
        }
    }

    /// Types into a field in place of what is there.
    pub(crate) async fn fill(&self, css: &str, text: &str) {
        self.hold(css, async |field| {
            field.clear().await?;
            field.send_keys(text).await
        })
        .await;
    }

    /// Clicks; the page may then be another.
    pub(crate) async fn click(&self, css: &str) {
        self.hold(css, async |element| element.click().await).await;
    }

    /// Does something with an element; once more if a live page has put another in its place meanwhile.
    async fn hold(&self, css: &str, act: impl AsyncFn(&Element) -> Result<(), CmdError>) {
        for _ in 0..MOST_TRIES {
            match act(&self.one(css).await).await {
                Ok(()) => return,
                Err(cause) if cause.is_stale_element_reference() => {}
                Err(cause) => panic!("{css}: {cause} in\n{}", self.text().await),
            }
        }
        panic!("{css} is another each time that it is looked at");
    }

    /// The text of the page, as it is read.
    pub(crate) async fn text(&self) -> String {
        match self.client.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(cause) => cause.to_string(),
        }
    }

    /// Waits until the page says so, by whatever means it comes to that: nothing is reloaded here.
    pub(crate) async fn reads(&self, wanted: &str) {
        let quoted = if wanted.contains('\'') { format!("\"{wanted}\"") } else { format!("'{wanted}'") };
        let path = format!("//body[contains(normalize-space(.), {quoted})]");
        if let Err(cause) = self.client.wait().at_most(LIMIT).for_element(Locator::XPath(&path)).await {
            panic!("the page never says {wanted:?} ({cause}):\n{}", self.text().await);
        }
    }

    /// Loads the page again until it says so, as who has no script does.
    pub(crate) async fn reads_when_loaded_again(&self, wanted: &str) {
        let end = Instant::now() + LIMIT;
        while !self.text().await.contains(wanted) {
            assert!(Instant::now() < end, "the page never says {wanted:?}:\n{}", self.text().await);
            sleep(PAUSE).await;
            self.client.refresh().await.unwrap();
        }
    }

    /// Runs a script in the page and gives what it returns.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Runs a script that calls its last argument when it is done.
    pub(crate) async fn run_to_its_end(&self, script: &str) -> Value {
        self.client.execute_async(script, Vec::new()).await.unwrap()
    }

    /// Keeps what is shown as `target/screenshots/NAME.png`.
    pub(crate) async fn keep(&self, name: &str) {
        let folder = screenshots();
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}.png")), self.client.screenshot().await.unwrap()).unwrap();
    }

    /// No page is wider than the window: nobody scrolls sideways.
    pub(crate) async fn fits(&self) {
        let wide = self.run("return [document.documentElement.scrollWidth, window.innerWidth]").await;
        assert!(wide[0].as_u64() <= wide[1].as_u64(), "{} is {wide} wide", self.path().await);
    }

    /// Signs in as the first administrator, by the link that the rack says.
    pub(crate) async fn sign_in_as_administrator(&self, link: &str) {
        self.go(link).await;
        if self.kind == Kind::NoScript {
            // Otherwise the script sends the form.
            self.click("main form button.main").await;
        }
        self.one("nav").await;
    }

    /// Closes it.
    pub(crate) async fn close(self) {
        self.client.close().await.unwrap();
    }
}

fn screenshots() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots")
}
