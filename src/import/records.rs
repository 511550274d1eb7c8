//! seduce_pp's `cluster_desc/` folder as records, like the rows of the agent's database. *IO: reads files.*
//!
//! Source: seduce_pp, `cluster_desc/{switches,nodes,environments}/*.json`; each file is one object.

use super::Error;
use super::piseduce::{Record, Records};
use serde_json::{Map, Value};
use std::fs;
use std::path::{Path, PathBuf};

/// Fields that have another name than in the database.
const RENAMED: [(&str, &str); 4] =
    [("id", "serial"), ("port_nb", "port_number"), ("oid", "poe_oid"), ("desc", "description")];

/// Reads the folder.
pub fn read_cluster_desc(folder: &Path) -> Result<Records, Error> {
    let (nodes, switches, environments) =
        (folder.join("nodes"), folder.join("switches"), folder.join("environments"));
    if ![&nodes, &switches, &environments].iter().any(|folder| folder.is_dir()) {
        return Err(Error::NoCluster(folder.to_owned()));
    }
    Ok(Records {
        nodes: objects(&nodes)?,
        switches: objects(&switches)?,
        environments: objects(&environments)?,
    })
}

fn objects(folder: &Path) -> Result<Vec<Record>, Error> {
    let failed = |path: &Path, source| Error::Read {
        path: path.to_owned(),
        origin: "cluster_desc".to_owned(),
        source,
    };
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).map_err(|source| failed(folder, source))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "json"));
    files.sort();
    let mut records = Vec::new();
    for path in files {
        let bytes = fs::read(&path).map_err(|source| failed(&path, source))?;
        let object: Map<String, Value> =
            serde_json::from_slice(&bytes).map_err(|source| Error::Json { path: path.clone(), source })?;
        let name = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
        let origin = format!("{}/{}", name(folder.file_name()), name(path.file_name()));
        records.push(Record { origin, fields: object.into_iter().map(field).collect() });
    }
    Ok(records)
}

fn field((key, value): (String, Value)) -> (String, String) {
    let key = RENAMED.iter().find(|(theirs, _)| *theirs == key).map_or(key, |(_, ours)| (*ours).to_owned());
    let text = match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        Value::Array(items) => {
            items.iter().map(|item| item.as_str().unwrap_or_default()).collect::<Vec<_>>().join(" ")
        }
        other @ (Value::Bool(_) | Value::Number(_) | Value::Object(_)) => other.to_string(),
    };
    (key, text)
}
