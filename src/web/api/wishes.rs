//! What programs send: JSON objects, judged field by field. *Pure.*

use super::problem::Problem;
use crate::model::agent::{Choice, ConfigureWish, NodeWish, ReserveWish};
use crate::model::board::{BoardModel, NotAModel};
use crate::model::node::NodeName;
use crate::model::reservation::{BadStart, PartitionSize, parse_start};
use crate::model::secret::Secret;
use crate::model::ssh_key::PublicKey;
use crate::web::forms::partition_size;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A wish to reserve nodes.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reserve {
    /// Names of nodes; give these or `count`.
    #[serde(default)]
    #[schema(example = json!(["pi-01", "pi-02"]))]
    nodes: Vec<String>,
    /// So many nodes that are free, instead of names.
    #[schema(minimum = 1)]
    count: Option<u32>,
    /// Of that model, such as `pi4b`; only with `count`.
    model: Option<String>,
    /// Whether less than all of them will do, at least one; all or none if left out.
    #[serde(default)]
    as_many_as_possible: bool,
    /// From when, RFC 3339; now if left out.
    #[schema(example = "2026-03-01T14:00:00Z", format = DateTime)]
    start: Option<String>,
    /// For how many hours; the rules of the rack say how many at most.
    #[schema(minimum = 1)]
    hours: i64,
    /// What the reservation (the node bin) is called, at most 64 characters.
    name: String,
}

impl Reserve {
    /// The wish in the vocabulary.
    pub(super) fn judge(self) -> Result<ReserveWish, Problem> {
        let parse = |(at, name): (usize, &String)| {
            let wrong = |error: crate::model::node::NotANodeName| {
                Problem::field(
                    &format!("nodes[{at}]"),
                    error.to_string(),
                    "Take a name from the list of nodes.",
                )
            };
            name.parse::<NodeName>().map_err(wrong)
        };
        let nodes = match self.count {
            None => Choice::Named(self.nodes.iter().enumerate().map(parse).collect::<Result<_, _>>()?),
            Some(_) if !self.nodes.is_empty() => {
                let detail = "nodes and count are both given; expected one of them";
                return Err(Problem::field("count", detail, "Name the nodes, or say how many."));
            }
            Some(count) => Choice::Any { count, model: self.model.as_deref().map(model).transpose()? },
        };
        let start = self.start.map(|text| {
            parse_start(&text).map_err(|error| {
                let seen: String = text.chars().take(40).collect();
                let detail = match error {
                    BadStart::NotATime => {
                        format!("`{seen}` {error}; expected RFC 3339 such as 2026-03-01T14:00:00Z")
                    }
                    BadStart::TooFar => format!("`{seen}` {error}"),
                };
                Problem::field("start", detail, "Correct the time, or leave it out to start now.")
            })
        });
        Ok(ReserveWish {
            nodes,
            as_many_as_possible: self.as_many_as_possible,
            start: start.transpose()?,
            hours: self.hours,
            name: self.name,
        })
    }
}

fn model(word: &str) -> Result<BoardModel, Problem> {
    word.parse().map_err(|error: NotAModel| {
        Problem::field("model", error.to_string(), "Take the model of a node in the list of nodes.")
    })
}

/// A wish to have a reservation longer.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Extend {
    /// By how many hours.
    #[schema(minimum = 1)]
    pub(super) hours: u32,
}

/// What shall be put on the nodes of a reservation. It has a password, so nothing prints it.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Configure {
    /// The name of an environment.
    environment: String,
    /// How large the root partition becomes: `"whole"` (the default), a size such as `"5GB"`, or bytes.
    partition_size: Option<Size>,
    /// The system password, 10 to 128 characters; one is made and given back if left out.
    #[schema(format = Password)]
    password: Option<String>,
    /// Public SSH keys beside those of the account, one line each.
    #[serde(default)]
    ssh_keys: Vec<String>,
    /// A script to run at the end, as root; at most 256 KiB.
    user_script: Option<String>,
    /// Whether to update the packages of the system.
    #[serde(default)]
    system_update: bool,
    /// What is otherwise on single nodes, by their names; the rest gets what stands above.
    #[serde(default)]
    #[schema(example = json!({"pi-02": {"environment": "ubuntu", "partition_size": "5GB"}}))]
    nodes: BTreeMap<String, ConfigureNode>,
}

/// What is otherwise on one node; what is left out is as on all.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfigureNode {
    /// Another environment.
    environment: Option<String>,
    /// Another size of the root partition.
    partition_size: Option<Size>,
    /// Another script; an empty one: none.
    user_script: Option<String>,
}

/// A size in words or in bytes.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Size {
    /// `whole`, `5GB`, `4GiB`.
    Words(String),
    /// Bytes.
    Bytes(u64),
}

impl From<PartitionSize> for Size {
    fn from(size: PartitionSize) -> Self {
        match size {
            PartitionSize::Whole => Self::Words("whole".to_owned()),
            PartitionSize::Bytes(bytes) => Self::Bytes(bytes),
        }
    }
}

impl Size {
    /// The size that stands in that field.
    pub(super) fn judge(self, field: &str) -> Result<PartitionSize, Problem> {
        let words = match self {
            Self::Words(words) => words,
            Self::Bytes(bytes) => bytes.to_string(),
        };
        partition_size::parse(&words)
            .map_err(|error| Problem::field(field, error.to_string(), "Choose whole, or a size such as 5GB."))
    }
}

/// The keys that stand in the field `ssh_keys`.
pub(super) fn keys(lines: &[String]) -> Result<Vec<PublicKey>, Problem> {
    let parse = |(at, line): (usize, &String)| {
        let fix = "Paste the line of the file that ends in .pub.";
        PublicKey::parse(line)
            .map_err(|error| Problem::field(&format!("ssh_keys[{at}]"), error.to_string(), fix))
    };
    lines.iter().enumerate().map(parse).collect()
}

impl Configure {
    /// The wish in the vocabulary.
    pub(super) fn judge(self) -> Result<ConfigureWish, Problem> {
        let size = |size: Option<Size>, field: &str| size.map(|size| size.judge(field)).transpose();
        let mut nodes = BTreeMap::new();
        for (name, own) in self.nodes {
            let place = format!("nodes.{name}");
            let node = name.parse::<NodeName>().map_err(|error| {
                Problem::field(&place, error.to_string(), "Take the names of the reservation's nodes.")
            })?;
            let partition_size = size(own.partition_size, &format!("{place}.partition_size"))?;
            let (environment, user_script) = (own.environment, own.user_script);
            nodes.insert(node, NodeWish { environment, partition_size, user_script });
        }
        Ok(ConfigureWish {
            environment: self.environment,
            partition_size: size(self.partition_size, "partition_size")?.unwrap_or_default(),
            password: self.password.map(Secret::from),
            ssh_keys: keys(&self.ssh_keys)?,
            user_script: self.user_script,
            system_update: self.system_update,
            nodes,
        })
    }
}
