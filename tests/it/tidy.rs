//! The layer table of ARCHITECTURE.md, held against the source: who may import whom, which crate has which door.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Module, and what it may import besides itself. `*` is everything.
const LAYERS: [(&str, &[&str]); 28] = [
    ("model", &[]),
    ("keys", &["model"]),
    ("store", &["model"]),
    ("dhcp", &["model", "store"]),
    ("dns", &["model", "store"]),
    ("tftp", &["model", "store"]),
    ("netconsole", &["model", "store"]),
    ("routing", &["model", "store"]),
    ("explain", &["model"]),
    ("nfs_prep", &["model", "store", "keys"]),
    ("image", &["model", "store"]),
    ("import", &["model", "store"]),
    ("power", &["model", "store", "keys"]),
    ("node", &["model", "image"]),
    ("mail", &["model", "store", "keys"]),
    ("detect", &["model", "store", "power"]),
    ("deploy", &["model", "store", "keys", "explain", "power", "image", "nfs_prep", "tftp"]),
    ("agent", &["model", "store", "keys", "explain", "deploy", "detect"]),
    ("web", &["model", "store", "keys", "agent"]),
    ("sim", &["model", "keys", "node"]),
    ("cli", &["model"]),
    ("ctl", &["model", "cli"]),
    (
        "config",
        &[
            "model",
            "dhcp",
            "dns",
            "tftp",
            "netconsole",
            "routing",
            "nfs_prep",
            "power",
            "deploy",
            "detect",
            "web",
        ],
    ),
    ("telemetry", &[]),
    ("daemon", &["*"]),
    ("demo", &["*"]),
    ("doctor", &["*"]),
    ("commands", &["*"]),
];

/// Crate, and the files that may name it.
const DOORS: [(&str, &[&str]); 13] = [
    ("dhcproto", &["src/dhcp/wire/"]),
    ("hickory_proto", &["src/dns/"]),
    ("tftpd", &["src/tftp/"]),
    ("russh", &["src/deploy/ssh.rs", "src/sim/"]),
    ("rusqlite", &["src/store/"]),
    ("maud", &["src/web/views/"]),
    ("lettre", &["src/mail/smtp.rs"]),
    ("rustls", &["src/ctl/api.rs", "src/web/door.rs", "src/web/tls.rs"]),
    ("tokio_rustls", &["src/web/door.rs", "src/web/tls.rs"]),
    ("rcgen", &["src/keys/certificate.rs"]),
    ("fluent_bundle", &["src/web/words.rs"]),
    ("snmp2", &["src/power/snmp.rs", "src/power/snmp/", "src/sim/"]),
    ("clap", &["src/cli/", "src/main.rs"]),
];

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() > 20);
    found
}

/// Whether a file holds unit tests only: they may name anything.
fn is_test(file: &str) -> bool {
    file == "src/fuzz.rs"
        || file.ends_with("/tests.rs")
        || file.contains("/tests/")
        || file.ends_with("/fixture.rs")
}

/// The code of a file, without comments and without its unit tests.
fn code(text: &str) -> String {
    let body = text.split("#[cfg(test)]\nmod ").next().unwrap();
    body.lines()
        .map(|line| line.split("//").next().unwrap())
        .fold(String::new(), |all, line| all + line + "\n")
}

/// The modules named by `crate::x` and `use crate::{x, y::z}`.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(group) => found.extend(group_heads(group)),
            None => found.extend(head(rest)),
        }
    }
    found
}

fn head(text: &str) -> Option<String> {
    let word: String = text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!word.is_empty()).then_some(word)
}

/// The first word of each item of a `{..}` group, at its top level.
fn group_heads(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut items = vec![String::new()];
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => items.push(String::new()),
            other => items.last_mut().unwrap().push(other),
        }
    }
    items.iter().filter_map(|item| head(item)).collect()
}

fn module_of(file: &str) -> &str {
    let inner = file.strip_prefix("src/").unwrap();
    inner.split('/').next().unwrap().trim_end_matches(".rs")
}

#[test]
fn imports_point_downwards() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let module = module_of(&file);
        if matches!(module, "lib" | "main") || is_test(&file) {
            continue;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{file}: module `{module}` is not in the layer table"));
            continue;
        };
        let free = allowed.contains(&"*");
        for import in imports(&code(&text)) {
            let known = LAYERS.iter().any(|(name, _)| *name == import);
            if known && import != module && !free && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{file}: `{module}` imports `{import}`, allowed: {allowed:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_protocol_crate_has_one_door() {
    let mut wrong = Vec::new();
    for (file, text) in sources().into_iter().filter(|(file, _)| !is_test(file)) {
        let code = code(&text);
        for (name, doors) in DOORS {
            let named = code.contains(&format!("{name}::")) || code.contains(&format!("use {name};"));
            if named && !doors.iter().any(|door| file.starts_with(door)) {
                wrong.push(format!("{file}: names `{name}`, whose door is {doors:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_file_opens_with_its_purpose() {
    let wrong: Vec<String> =
        sources().into_iter().filter(|(_, text)| !text.starts_with("//! ")).map(|(file, _)| file).collect();
    assert!(wrong.is_empty(), "files that do not open with //!: {wrong:?}");
}

#[test]
fn the_clock_is_read_in_one_place() {
    let wrong: Vec<String> = sources()
        .into_iter()
        .filter(|(file, text)| file != "src/model/clock.rs" && code(text).contains("Timestamp::now("))
        .map(|(file, _)| file)
        .collect();
    assert!(wrong.is_empty(), "files that read the clock: {wrong:?}");
}

#[test]
fn the_reader_of_imports_reads_them() {
    let found = imports("use crate::{model::{a, b}, store};\nuse crate::web;\nlet x = crate::sim::y();");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["model", "sim", "store", "web"]);
}
