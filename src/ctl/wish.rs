//! From options to what the API is sent. *Pure:* the contents of files are given.

use crate::cli::{DeployOptions, ForNode, ReserveOptions};
use serde_json::{Map, Value, json};

/// What the files and standard input gave.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Of each file of keys.
    pub(super) keys: Vec<String>,
    /// The script.
    pub(super) script: Option<String>,
    /// The password.
    pub(super) password: Option<String>,
    /// The template, as the body that configures.
    pub(super) template: Option<Map<String, Value>>,
}

/// The body that reserves.
pub(super) fn reserve(options: &ReserveOptions) -> Value {
    let mut body = Map::new();
    let names: Vec<&str> = options.node.iter().map(|name| name.as_str()).collect();
    let (field, which) =
        options.count.map_or_else(|| ("nodes", json!(names)), |count| ("count", json!(count)));
    body.insert(field.into(), which);
    body.insert("hours".into(), json!(options.hours));
    body.insert("name".into(), json!(options.name));
    body.insert("as_many_as_possible".into(), json!(options.as_many_as_possible));
    insert(&mut body, "model", options.model.as_ref());
    insert(&mut body, "start", options.start.as_ref());
    Value::Object(body)
}

/// The body that waits for nodes.
pub(super) fn wait(options: &ReserveOptions) -> Value {
    let mut body = Map::new();
    body.insert("count".into(), json!(options.count));
    body.insert("hours".into(), json!(options.hours));
    body.insert("name".into(), json!(options.name));
    insert(&mut body, "model", options.model.as_ref());
    Value::Object(body)
}

/// The body that says what shall be put on the nodes; none if nothing was chosen. What the options say goes before
/// what the template says.
pub(super) fn configure(options: &DeployOptions, contents: &Contents) -> Option<Value> {
    let mut body = contents.template.clone().unwrap_or_default();
    if options.env.is_none() && options.template.is_none() {
        return None;
    }
    insert(&mut body, "environment", options.env.as_ref());
    let lines = contents.keys.iter().flat_map(|text| text.lines()).map(str::trim);
    let keys: Vec<&str> = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    if !keys.is_empty() || !body.contains_key("ssh_keys") {
        body.insert("ssh_keys".into(), json!(keys));
    }
    if options.update || !body.contains_key("system_update") {
        body.insert("system_update".into(), json!(options.update));
    }
    insert(&mut body, "partition_size", options.size.as_ref());
    insert(&mut body, "user_script", contents.script.as_ref());
    insert(&mut body, "password", contents.password.as_ref());
    let nodes = single_nodes(options);
    if !nodes.is_empty() {
        body.insert("nodes".into(), Value::Object(nodes));
    }
    Some(Value::Object(body))
}

/// What is otherwise on single nodes.
fn single_nodes(options: &DeployOptions) -> Map<String, Value> {
    let mut nodes: Map<String, Value> = Map::new();
    for (field, choices) in [("environment", &options.env_for), ("partition_size", &options.size_for)] {
        for ForNode { node, value } in choices {
            let own = nodes.entry(node.to_string()).or_insert_with(|| json!({}));
            if let Value::Object(own) = own {
                own.insert(field.into(), json!(value));
            }
        }
    }
    nodes
}

/// The template of that name as the body that configures; none if there is none of that name.
pub(super) fn template(templates: Vec<Map<String, Value>>, name: &str) -> Option<Map<String, Value>> {
    let mut found = templates.into_iter().find(|template| template.get("name") == Some(&json!(name)))?;
    for field in ["id", "name"] {
        found.remove(field);
    }
    Some(found)
}

fn insert(body: &mut Map<String, Value>, field: &str, value: Option<&String>) {
    if let Some(value) = value {
        body.insert(field.to_owned(), json!(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> ReserveOptions {
        ReserveOptions {
            count: Some(4),
            model: Some("pi4b".into()),
            node: Vec::new(),
            as_many_as_possible: false,
            wait_for_nodes: false,
            hours: 2,
            start: None,
            name: "ctl".into(),
            deploy: DeployOptions {
                env: Some("raspios".into()),
                template: None,
                env_for: Vec::new(),
                size_for: Vec::new(),
                key: Vec::new(),
                script: None,
                password_stdin: false,
                size: Some("5GB".into()),
                update: false,
                wait: false,
            },
        }
    }

    #[test]
    fn so_many_of_a_kind_or_named_nodes() {
        let kind =
            json!({"count": 4, "model": "pi4b", "hours": 2, "name": "ctl", "as_many_as_possible": false});
        assert_eq!(reserve(&options()), kind);
        assert_eq!(wait(&options()), json!({"count": 4, "model": "pi4b", "hours": 2, "name": "ctl"}));
        let node = vec!["pi-01".parse().unwrap(), "pi-02".parse().unwrap()];
        let start = Some("2026-03-01T14:00:00Z".to_owned());
        let named = ReserveOptions { count: None, model: None, node, start, ..options() };
        let expect = json!({
            "nodes": ["pi-01", "pi-02"], "hours": 2, "name": "ctl", "as_many_as_possible": false,
            "start": "2026-03-01T14:00:00Z",
        });
        assert_eq!(reserve(&named), expect);
    }

    #[test]
    fn each_line_of_a_file_of_keys_is_one() {
        let contents = Contents {
            keys: vec!["# mine\nssh-ed25519 AAAA ada\n\n".into(), "ssh-rsa BBBB bob".into()],
            script: Some("#!/bin/sh\ntrue\n".into()),
            ..Contents::default()
        };
        let body = configure(&options().deploy, &contents).unwrap();
        let expect = json!({
            "environment": "raspios", "ssh_keys": ["ssh-ed25519 AAAA ada", "ssh-rsa BBBB bob"],
            "system_update": false, "partition_size": "5GB", "user_script": "#!/bin/sh\ntrue\n",
        });
        assert_eq!(body, expect);
        let own = |value: &str| ForNode { node: "pi-02".parse().unwrap(), value: value.into() };
        let single =
            DeployOptions { env_for: vec![own("ubuntu")], size_for: vec![own("7GB")], ..options().deploy };
        let body = configure(&single, &contents).unwrap();
        assert_eq!(body["nodes"], json!({"pi-02": {"environment": "ubuntu", "partition_size": "7GB"}}));
        let nothing = DeployOptions { env: None, ..options().deploy };
        assert_eq!(configure(&nothing, &contents), None);
    }

    #[test]
    fn a_template_gives_what_the_options_do_not_say() {
        let saved = json!({
            "id": 3, "name": "night", "environment": "ubuntu", "partition_size": 7_000_000_000_u64,
            "ssh_keys": ["ssh-ed25519 AAAA ada"], "user_script": "date", "system_update": true,
        });
        let saved = vec![saved.as_object().unwrap().clone()];
        assert_eq!(template(saved.clone(), "day"), None);
        let contents = Contents { template: template(saved, "night"), ..Contents::default() };
        let chosen = DeployOptions { env: None, template: Some("night".into()), ..options().deploy };
        let expect = json!({
            "environment": "ubuntu", "partition_size": "5GB", "ssh_keys": ["ssh-ed25519 AAAA ada"],
            "user_script": "date", "system_update": true,
        });
        assert_eq!(configure(&chosen, &contents), Some(expect));
    }
}
