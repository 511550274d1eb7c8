//! The form in which is said what shall be put on a reservation's nodes: for all, and otherwise for single nodes.
//! *Pure.* Called by `routes::configure`.
//!
//! Fields of one node are named as in the API, `nodes.pi-07.environment`; empty ones are as for all.

use super::{Errors, Fields, agent_text, partition_size, ssh_keys};
use crate::agent;
use crate::model::agent::{ConfigureWish, NodeWish};
use crate::model::node::NodeName;
use crate::model::reservation::{LARGEST_PARTITION_BYTES, LONGEST_SCRIPT_BYTES, PartitionSize};
use crate::model::secret::Secret;
use crate::model::template::Contents;
use crate::model::user::{SHORTEST_PASSWORD, judge_password};
use crate::web::reader::Reader;
use std::collections::BTreeMap;

/// The choice that takes the size from the field beside it.
pub(in crate::web) const OTHER_SIZE: &str = "other";
/// The sizes that are offered.
pub(in crate::web) const SIZES: [&str; 4] = ["whole", "2GB", "5GB", "10GB"];

/// What was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) struct Configure {
    pub(in crate::web) environment: String,
    pub(in crate::web) size: String,
    pub(in crate::web) other_size: String,
    pub(in crate::web) is_given: bool,
    /// Never shown again.
    pub(in crate::web) password: Secret,
    pub(in crate::web) ssh_keys: String,
    pub(in crate::web) user_script: String,
    pub(in crate::web) system_update: bool,
    /// Passes over what is said of single nodes.
    pub(in crate::web) same_for_all: bool,
    /// By the nodes' names.
    pub(in crate::web) nodes: BTreeMap<String, OwnNode>,
    /// What the form shall be saved as.
    pub(in crate::web) template: String,
}

/// What was typed for one node; empty: as for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::web) struct OwnNode {
    pub(in crate::web) environment: String,
    pub(in crate::web) size: String,
    pub(in crate::web) user_script: String,
}

impl Default for Configure {
    /// An empty form: the whole card, a password that is made.
    fn default() -> Self {
        Self {
            environment: String::new(),
            size: "whole".into(),
            other_size: String::new(),
            is_given: false,
            password: Secret::default(),
            ssh_keys: String::new(),
            user_script: String::new(),
            system_update: false,
            same_for_all: false,
            nodes: BTreeMap::new(),
            template: String::new(),
        }
    }
}

impl Configure {
    /// The texts of a form.
    pub(in crate::web) fn read(fields: &Fields) -> Self {
        let mut nodes: BTreeMap<String, OwnNode> = BTreeMap::new();
        for (place, value) in fields.below("nodes.") {
            let Some((node, field)) = place.split_once('.') else { continue };
            let own = nodes.entry(node.to_owned()).or_default();
            match field {
                "environment" => own.environment = value.to_owned(),
                "partition_size" => own.size = value.trim().to_owned(),
                "user_script" => own.user_script = script(value),
                _ => {}
            }
        }
        let password = fields.one("password");
        // Without the choice, as programs that know the form from before send it, a password speaks for itself.
        let is_given = if fields.has("password_is") {
            fields.one("password_is") == "given"
        } else {
            !password.is_empty()
        };
        Self {
            environment: fields.one("environment").to_owned(),
            size: fields.one("partition_size").to_owned(),
            other_size: fields.one("other_size").trim().to_owned(),
            is_given,
            password: password.into(),
            ssh_keys: fields.one("ssh_keys").to_owned(),
            user_script: script(fields.one("user_script")),
            system_update: fields.has("system_update"),
            same_for_all: fields.has("same_for_all"),
            nodes,
            template: fields.one("template").to_owned(),
        }
    }

    /// The form in which this was wished.
    pub(in crate::web) fn of_wish(wish: ConfigureWish) -> Self {
        let ConfigureWish {
            environment, partition_size, ssh_keys, user_script, system_update, nodes, ..
        } = wish;
        let all = Contents { environment, partition_size, ssh_keys, user_script, system_update };
        let own = |own: NodeWish| OwnNode {
            environment: own.environment.unwrap_or_default(),
            size: own.partition_size.map(partition_size::render).unwrap_or_default(),
            user_script: own.user_script.unwrap_or_default(),
        };
        let nodes = nodes.into_iter().map(|(node, wish)| (node.to_string(), own(wish))).collect();
        Self { nodes, ..Self::of_template(all) }
    }

    /// The form that was saved so.
    pub(in crate::web) fn of_template(contents: Contents) -> Self {
        let Contents { environment, partition_size, ssh_keys, user_script, system_update } = contents;
        let size = partition_size::render(partition_size);
        let is_offered = SIZES.contains(&size.as_str());
        let (size, other_size) =
            if is_offered { (size, String::new()) } else { (OTHER_SIZE.to_owned(), size) };
        let ssh_keys: Vec<String> = ssh_keys.iter().map(ToString::to_string).collect();
        Self {
            environment,
            size,
            other_size,
            ssh_keys: ssh_keys.join("\n"),
            user_script: user_script.unwrap_or_default(),
            system_update,
            ..Self::default()
        }
    }

    /// The wish; what only the agent knows is judged there.
    pub(in crate::web) fn judge(&self, reader: &Reader) -> Result<ConfigureWish, Errors> {
        let mut errors = Errors::default();
        let contents = self.contents(reader).map_err(|wrong| errors.take(wrong)).ok();
        self.judge_password(reader, &mut errors);
        let nodes = if self.same_for_all { BTreeMap::new() } else { self.judge_nodes(reader, &mut errors) };
        let Some(contents) = contents.filter(|_| errors.is_empty()) else { return Err(errors) };
        Ok(ConfigureWish {
            environment: contents.environment,
            partition_size: contents.partition_size,
            password: self.is_given.then(|| self.password.clone()),
            ssh_keys: contents.ssh_keys,
            user_script: contents.user_script,
            system_update: contents.system_update,
            nodes,
        })
    }

    /// What a template keeps of it.
    pub(in crate::web) fn contents(&self, reader: &Reader) -> Result<Contents, Errors> {
        let mut errors = Errors::default();
        if self.environment.is_empty() {
            errors.add("environment", reader.say("configure-wrong-environment"));
        }
        let size = if self.size == OTHER_SIZE { &self.other_size } else { &self.size };
        let size = keep_size("partition_size".to_owned(), size, reader, &mut errors);
        let keys = ssh_keys::parse(&self.ssh_keys).map_err(|bad| told_keys(&bad, reader));
        let keys = errors.keep("ssh_keys", keys);
        keep_script("user_script".to_owned(), &self.user_script, reader, &mut errors);
        match (size, keys) {
            (Some(partition_size), Some(ssh_keys)) if errors.is_empty() => Ok(Contents {
                environment: self.environment.clone(),
                partition_size,
                ssh_keys,
                user_script: Some(self.user_script.clone()).filter(|script| !script.trim().is_empty()),
                system_update: self.system_update,
            }),
            (Some(_) | None, Some(_) | None) => Err(errors),
        }
    }

    fn judge_password(&self, reader: &Reader, errors: &mut Errors) {
        let password = self.password.expose();
        match (self.is_given, password.is_empty()) {
            (false, true) => {}
            (false, false) => errors.add("password", reader.say("configure-wrong-password-both")),
            (true, _) => {
                if judge_password(password).is_err() {
                    let seen = password.chars().count();
                    let values = [("seen", seen.into()), ("least", SHORTEST_PASSWORD.into())];
                    errors.add("password", reader.with("configure-wrong-password", &values));
                }
            }
        }
    }

    fn judge_nodes(&self, reader: &Reader, errors: &mut Errors) -> BTreeMap<NodeName, NodeWish> {
        let mut wishes = BTreeMap::new();
        for (name, own) in self.nodes.iter().filter(|(_, own)| **own != OwnNode::default()) {
            let Ok(node) = name.parse::<NodeName>() else {
                errors.add("form", reader.say("configure-wrong-node"));
                continue;
            };
            let place = |field: &str| format!("nodes.{name}.{field}");
            let is_given = |text: &String| !text.is_empty();
            let size = is_given(&own.size)
                .then(|| keep_size(place("partition_size"), &own.size, reader, errors))
                .flatten();
            keep_script(place("user_script"), &own.user_script, reader, errors);
            let wish = NodeWish {
                environment: Some(own.environment.clone()).filter(is_given),
                partition_size: size,
                user_script: Some(own.user_script.clone()).filter(|script| !script.trim().is_empty()),
            };
            wishes.insert(node, wish);
        }
        wishes
    }
}

/// Browsers end the lines of a text area with CR LF, which no shell understands.
fn script(typed: &str) -> String {
    typed.replace("\r\n", "\n")
}

fn keep_size(field: String, typed: &str, reader: &Reader, errors: &mut Errors) -> Option<PartitionSize> {
    match partition_size::parse(typed) {
        Ok(size) => Some(size),
        Err(wrong) => {
            errors.add(field, reader.with("configure-wrong-size", &[("seen", wrong.seen().into())]));
            None
        }
    }
}

fn keep_script(field: String, typed: &str, reader: &Reader, errors: &mut Errors) {
    if typed.len() > LONGEST_SCRIPT_BYTES {
        errors.add(field, too_long(typed.len(), reader));
    }
}

fn too_long(seen: usize, reader: &Reader) -> String {
    let values = [("seen", seen.into()), ("most", LONGEST_SCRIPT_BYTES.into())];
    reader.with("configure-wrong-script", &values)
}

fn told_keys(bad: &ssh_keys::BadKeys, reader: &Reader) -> String {
    match bad {
        ssh_keys::BadKeys::Line { number, why } => {
            let values = [("number", (*number).into()), ("why", why.to_string().into())];
            reader.with("configure-wrong-key", &values)
        }
        ssh_keys::BadKeys::TooMany { seen } => {
            let values = [("seen", (*seen).into()), ("most", ssh_keys::MOST_KEYS.into())];
            reader.with("configure-wrong-keys", &values)
        }
    }
}

/// A refusal of the agent beside its field, in the reader's language where it is one of this form.
pub(in crate::web) fn refused(error: &agent::Error, reader: &Reader) -> Errors {
    let place = error.place().unwrap_or_else(|| "form".to_owned());
    Errors::one(place, told(error, reader))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what is not of this form is told as everywhere")]
fn told(error: &agent::Error, reader: &Reader) -> String {
    use agent::Error as E;
    let size = |name: &str, seen: u64, bound: u64| {
        reader.with(name, &[("seen", seen.into()), ("bound", bound.into())])
    };
    match error {
        E::AtNode { error, .. } => told(error, reader),
        E::UnknownEnvironment { seen, .. } => {
            reader.with("configure-wrong-unknown", &[("seen", seen.as_str().into())])
        }
        E::Unfit { environment, nodes, boots_on } => {
            let nodes: Vec<String> = nodes.iter().map(ToString::to_string).collect();
            let boards: Vec<&str> = boots_on.iter().map(|chip| chip.shown()).collect();
            let values = [
                ("environment", environment.as_str().into()),
                ("nodes", nodes.join(", ").into()),
                ("boards", boards.join(", ").into()),
            ];
            reader.with("configure-wrong-unfit", &values)
        }
        E::PartitionSize { seen, least } => size("configure-wrong-small", *seen, *least),
        E::PartitionTooLarge { seen } => size("configure-wrong-large", *seen, LARGEST_PARTITION_BYTES),
        E::PartitionBlocked { seen, most } => size("configure-wrong-large", *seen, *most),
        E::ScriptLength { seen } => too_long(*seen, reader),
        E::ScriptContent => reader.say("configure-wrong-nul"),
        other => agent_text(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::TimeZone;
    use crate::web::words::Language;

    fn reader(language: Language) -> Reader {
        Reader { language, zone: TimeZone::UTC, now: "2026-03-01T12:00:00Z".parse().unwrap() }
    }

    fn form(text: &str) -> Configure {
        Configure::read(&Fields::parse(text.as_bytes()))
    }

    fn judge(text: &str) -> Result<ConfigureWish, Errors> {
        form(text).judge(&reader(Language::English))
    }

    #[test]
    fn a_good_form_is_a_wish() {
        let wish =
            judge("environment=raspios&partition_size=5GB&user_script=%23!/bin/sh%0D%0Adate%0D%0A&password=");
        let wish = wish.unwrap();
        assert_eq!(wish.partition_size, PartitionSize::Bytes(5_000_000_000));
        assert_eq!(wish.user_script.as_deref(), Some("#!/bin/sh\ndate\n"));
        assert_eq!((wish.password, wish.system_update), (None, false));
        let other = judge("environment=raspios&partition_size=other&other_size=7000000000&system_update=on");
        assert_eq!(other.unwrap().partition_size, PartitionSize::Bytes(7_000_000_000));
    }

    #[test]
    fn nodes_differ_where_something_is_typed_and_not_at_all_if_all_are_the_same() {
        let text = "environment=raspios&partition_size=whole&nodes.pi-01.environment=&nodes.pi-01.partition_size=+\
                    &nodes.pi-02.environment=ubuntu&nodes.pi-02.partition_size=5GB&nodes.pi-03.user_script=date%0D%0A";
        let wish = judge(text).unwrap();
        let names: Vec<String> = wish.nodes.keys().map(ToString::to_string).collect();
        assert_eq!(names, ["pi-02", "pi-03"]);
        let own = wish.nodes.values().collect::<Vec<_>>();
        assert_eq!(own[0].environment.as_deref(), Some("ubuntu"));
        assert_eq!(own[0].partition_size, Some(PartitionSize::Bytes(5_000_000_000)));
        assert_eq!(own[1].user_script.as_deref(), Some("date\n"));
        assert_eq!(Configure::of_wish(wish.clone()).judge(&reader(Language::English)), Ok(wish));
        assert_eq!(judge(&format!("{text}&same_for_all=on")).unwrap().nodes, BTreeMap::new());
    }

    #[test]
    fn a_password_is_given_or_made_but_not_both() {
        let ok = "environment=a&partition_size=whole";
        let given = |rest: &str| {
            let wish =
                judge(&format!("{ok}&{rest}")).map_err(|errors| errors.at("password").map(str::to_owned));
            wish.map(|wish| wish.password.is_some())
        };
        assert_eq!(given("password_is=made&password="), Ok(false));
        assert_eq!(given("password_is=given&password=correct+horse"), Ok(true));
        assert_eq!(given("password=correct+horse"), Ok(true));
        for wrong in
            ["password_is=given&password=", "password_is=made&password=correct+horse", "password=short"]
        {
            assert!(matches!(given(wrong), Err(Some(_))), "{wrong}");
        }
    }

    #[test]
    fn each_wrong_field_has_its_error_in_the_readers_language() {
        let check = |text: &str, field: &str, french: &str| {
            let errors = form(text).judge(&reader(Language::English)).unwrap_err();
            let told = form(text).judge(&reader(Language::French)).unwrap_err();
            assert!(errors.at(field).is_some(), "{text}");
            assert!(told.at(field).unwrap().contains(french), "{text}: {:?}", told.at(field));
            assert_ne!(errors.at(field), told.at(field), "{text}");
        };
        check("partition_size=whole", "environment", "Choisissez");
        check("environment=a&partition_size=other&other_size=", "partition_size", "attendu");
        check("environment=a&partition_size=whole&ssh_keys=nonsense", "ssh_keys", "Ligne 1");
        check("environment=a&partition_size=whole&password=short", "password", "5 caractères");
        let node = "environment=a&partition_size=whole&nodes.pi-01.partition_size=huge";
        check(node, "nodes.pi-01.partition_size", "huge");
        let script = "x".repeat(LONGEST_SCRIPT_BYTES + 1);
        check(&format!("environment=a&partition_size=whole&user_script={script}"), "user_script", "262145");
    }

    #[test]
    fn what_is_saved_is_shown_again_but_never_a_password() {
        let typed =
            form("environment=a&partition_size=other&other_size=7GB&password=correct+horse&user_script=date");
        let contents = typed.contents(&reader(Language::English)).unwrap();
        let again = Configure::of_template(contents);
        assert_eq!((again.size.as_str(), again.other_size.as_str()), ("other", "7GB"));
        assert_eq!((again.user_script.as_str(), again.password.expose()), ("date", ""));
        assert!(!format!("{typed:?}").contains("horse"));
    }
}
