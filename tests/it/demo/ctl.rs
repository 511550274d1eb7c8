//! `pimaster ctl` against a demonstration rack: what it prints, and its exit status.

use super::program::{Demo, person};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

/// The client, with a login of its own and nothing of the environment's.
fn client(demo: &Demo, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pimaster"));
    command.arg("ctl").args(arguments).stdin(Stdio::null());
    command.env("XDG_CONFIG_HOME", demo.path("config"));
    command.env_remove("PIMASTER_URL").env_remove("PIMASTER_TOKEN");
    command
}

/// Runs it; gives the exit status and what it wrote.
#[track_caller]
fn run(demo: &Demo, arguments: &[&str]) -> (Option<i32>, String, String) {
    ended(client(demo, arguments).output().unwrap())
}

fn ended(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Runs it; it must do what it is told. Gives what it printed.
#[track_caller]
fn done(demo: &Demo, arguments: &[&str]) -> String {
    let (status, printed, told) = run(demo, arguments);
    assert_eq!(status, Some(0), "{arguments:?}: {printed}\n{told}\n{}", demo.log());
    printed
}

#[track_caller]
fn refused(demo: &Demo, arguments: &[&str], status: i32, part: &str) {
    let (seen, printed, told) = run(demo, arguments);
    assert_eq!(seen, Some(status), "{arguments:?}: {printed}\n{told}");
    assert!(told.starts_with("pimaster: ") && told.contains(part), "{told}");
}

fn log_in(demo: &Demo) {
    let (url, token) = (demo.ready()["url"].as_str().unwrap(), demo.ready()["token"].as_str().unwrap());
    fs::write(demo.path("token"), format!("{token}\n")).unwrap();
    let token = fs::File::open(demo.path("token")).unwrap();
    let output = client(demo, &["--url", url, "login"]).stdin(token).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(String::from_utf8(output.stdout).unwrap().contains(" knows you as admin@demo.example"));
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn from_login_to_destroy() {
    let demo = Demo::start(2, 100);
    log_in(&demo);
    let stored = fs::metadata(demo.path("config/pimaster/ctl.json")).unwrap().permissions().mode();
    assert_eq!(stored & 0o777, 0o600);
    assert!(done(&demo, &["nodes"]).contains("pi-02"));
    assert!(done(&demo, &["environments"]).contains("raspios-demo"));

    let key = person();
    fs::write(demo.path("id"), &key.private).unwrap();
    fs::set_permissions(demo.path("id"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(demo.path("id.pub"), format!("{}\n", key.public)).unwrap();
    let (private, public) =
        (demo.path("id").display().to_string(), demo.path("id.pub").display().to_string());
    let wish =
        ["reserve", "-n", "2", "--hours", "2", "--name", "night", "--env", "raspios-demo", "--key", &public];
    let (status, printed, told) = run(&demo, &[&wish[..], &["--wait"]].concat());
    assert_eq!(status, Some(0), "{printed}\n{told}\n{}", demo.log());
    for line in ["pi-01  deployed", "pi-02  deployed"] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(
        printed.contains("password ") && printed.contains("(night) of admin@demo.example: active"),
        "{printed}"
    );

    let all = parsed(&done(&demo, &["status", "--json"]));
    let id = all[0]["id"].as_i64().unwrap().to_string();
    assert_eq!(all[0], demo.api("GET", &format!("/reservations/{id}"), &Value::Null).1);
    assert!(done(&demo, &["status"]).contains("pi-01 pi-02"));
    let said = done(&demo, &["ssh", "pi-01", "-i", &private, "--", "hostname"]);
    assert_eq!(said.trim(), "pi-01");
    let told = parsed(&done(&demo, &["ssh", "pi-01", "--json"]));
    assert_eq!(told["host_key"], all[0]["nodes"][0]["host_key"]);

    let before = &all[0]["end"];
    let longer = parsed(&done(&demo, &["extend", &id, "--hours", "3", "--json"]));
    assert_ne!(&longer["end"], before);
    refused(&demo, &["reserve", "--node", "pi-01", "--hours", "1"], 75, "Choose other nodes");
    refused(&demo, &["reserve", "-n", "1", "--hours", "1"], 75, "take as many");

    assert_eq!(
        parsed(&done(&demo, &["destroy", "pi-02", "--json"])),
        json!({"node": "pi-02", "request": "destroy"})
    );
    assert!(done(&demo, &["destroy", &id]).contains("ending"));
    let id: i64 = id.parse().unwrap();
    demo.await_state(id, "pi-01", &["destroyed"]);
    refused(&demo, &["extend", &id.to_string(), "--hours", "1"], 1, "Reserve again.");
}

#[test]
fn what_fails_says_why_by_its_status() {
    let demo = Demo::start(1, 100);
    refused(&demo, &["nodes"], 64, "login");
    log_in(&demo);
    let url = demo.ready()["url"].as_str().unwrap();
    refused(&demo, &["--url", "http://127.0.0.1:1", "nodes"], 64, "is not sent to");
    let with_token = |arguments: &[&str], token: &str| {
        ended(client(&demo, arguments).env("PIMASTER_TOKEN", token).output().unwrap())
    };
    assert_eq!(with_token(&["--url", "http://127.0.0.1:1", "nodes"], "pm_x").0, Some(69));
    let (status, _, told) = with_token(&["--url", url, "nodes"], "pm_x");
    assert_eq!((status, told.contains("revoked or expired")), (Some(77), true), "{told}");
    let simulator = demo.ready()["simulator"].as_str().unwrap();
    assert_eq!(with_token(&["--url", simulator, "nodes"], "pm_x").0, Some(69));

    refused(&demo, &["status", "4711"], 1, "there is no reservation 4711");
    refused(&demo, &["destroy", "pi-99"], 1, "no node is called pi-99");
    refused(&demo, &["ssh", "pi-01"], 1, "on none of your reservations");
    refused(&demo, &["reserve", "-n", "1", "--model", "pi9", "--hours", "1"], 64, "model");
    assert_eq!(run(&demo, &["reserve", "--hours", "1"]).0, Some(64));
    assert_eq!(run(&demo, &["reserve", "-n", "1", "--hours", "1", "--wait"]).0, Some(64));

    // Nothing stays reserved where the configuration was refused, or a file is missing.
    let wish = ["reserve", "-n", "1", "--hours", "1", "--env"];
    let (status, _, told) = run(&demo, &[&wish[..], &["no-such"]].concat());
    assert_eq!((status, told.contains("was given back")), (Some(64), true), "{told}");
    refused(&demo, &[&wish[..], &["raspios-demo", "--key", "/no/such"]].concat(), 64, "cannot be read");
    assert_eq!(done(&demo, &["status", "--json"]).trim(), "[]");

    // A node that fails is data for the API, and a status for a script.
    fs::write(demo.path("script"), "#!/bin/sh\necho no disk left\nexit 3\n").unwrap();
    let script = demo.path("script").display().to_string();
    let (status, printed, told) =
        run(&demo, &[&wish[..], &["raspios-demo", "--script", &script, "--wait"]].concat());
    assert_eq!(status, Some(1), "{printed}\n{told}\n{}", demo.log());
    assert!(told.contains("pi-01  failed: ") && told.contains("not deployed: pi-01"), "{told}");
}

#[test]
fn ctrl_c_ends_the_waiting_and_not_the_reservation() {
    let demo = Demo::start(1, 20);
    log_in(&demo);
    let wish = ["reserve", "-n", "1", "--hours", "1", "--env", "raspios-demo", "--wait"];
    let mut child = client(&demo, &wish).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(told.any(|line| line.starts_with("pi-01  ")));
    let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    assert!(told.any(|line| line.contains("stays and its deployment goes on")));
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let left = parsed(&done(&demo, &["status", "--json"]));
    assert!(["configured", "active"].contains(&left[0]["state"].as_str().unwrap()), "{left}");
}
