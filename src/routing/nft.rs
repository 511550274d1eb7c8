//! The packet filter's tables. *IO: runs `nft`; `parse` is pure.*

use super::error::Error;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// `nft` speaks to the kernel alone: it is done within milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// The program.
#[derive(Debug, Clone)]
pub struct Nft {
    program: PathBuf,
}

impl Default for Nft {
    fn default() -> Self {
        Self::at("nft")
    }
}

/// What stands in the packet filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Whether pimaster's table is there.
    pub has_table: bool,
    /// Chains of others that drop what is forwarded unless a rule lets it pass, such as `ip filter FORWARD`.
    pub closed: Vec<String>,
}

impl Nft {
    /// The program of that path, or of that name on the path.
    pub fn at(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }

    /// Looks at the tables; takes the right to change them.
    pub async fn look(&self) -> Result<Seen, Error> {
        Ok(parse(&self.run(&["list", "chains"], "").await?))
    }

    /// Makes all these changes, or none.
    pub(super) async fn apply(&self, rules: &str) -> Result<(), Error> {
        self.run(&["-f", "-"], rules).await.map(drop)
    }

    async fn run(&self, arguments: &[&str], input: &str) -> Result<String, Error> {
        let refused = |said: &str| Error::Refused {
            arguments: arguments.join(" "),
            said: said.trim().chars().take(500).collect(),
        };
        let ended = tokio::time::timeout(PATIENCE, self.output(arguments, input)).await;
        let output = ended.map_err(|_| refused("no end within 5 s"))?.map_err(Error::Program)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(refused(&String::from_utf8_lossy(&output.stderr)))
    }

    async fn output(&self, arguments: &[&str], input: &str) -> io::Result<std::process::Output> {
        let mut command = Command::new(&self.program);
        command.args(arguments).kill_on_drop(true);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that ends early says why on its standard error.
            drop(stdin.write_all(input.as_bytes()).await);
        }
        child.wait_with_output().await
    }
}

/// Reads `nft list chains`: tables, in them chains, in them hook and policy.
fn parse(text: &str) -> Seen {
    let mut seen = Seen::default();
    let (mut table, mut chain) = ("", "");
    for line in text.lines().map(str::trim) {
        let name = |kind: &str| line.strip_prefix(kind).and_then(|rest| rest.strip_suffix(" {"));
        if let Some(name) = name("table ") {
            table = name;
            seen.has_table |= table == "inet pimaster";
        } else if let Some(name) = name("chain ") {
            chain = name;
        } else if line.contains(" hook forward ") && line.contains("policy drop;") {
            seen.closed.push(format!("{table} {chain}"));
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_closed_chains_are_found() {
        let docker = "table ip filter {\n\tchain DOCKER {\n\t}\n\tchain FORWARD {\n\
                      \t\ttype filter hook forward priority filter; policy drop;\n\t}\n\
                      \tchain INPUT {\n\t\ttype filter hook input priority filter; policy drop;\n\t}\n}\n";
        let ours = "table inet pimaster {\n\tchain forward {\n\
                    \t\ttype filter hook forward priority filter; policy accept;\n\t}\n}\n";
        assert_eq!(parse(""), Seen::default());
        assert_eq!(parse(ours), Seen { has_table: true, closed: Vec::new() });
        let both = parse(&format!("{docker}{ours}"));
        assert_eq!(both, Seen { has_table: true, closed: vec!["ip filter FORWARD".to_owned()] });
        assert!(!parse(&docker.replace("ip filter", "ip pimaster")).has_table);
    }

    #[tokio::test]
    async fn a_missing_program_says_what_to_install() {
        let missing = Nft::at("/no/such/nft").look().await.unwrap_err();
        assert!(missing.to_string().contains("apt-get install nftables"), "{missing}");
        // It reads nothing and says nothing: only its status tells.
        let refused = Nft::at("/bin/false").apply("x").await.unwrap_err();
        assert!(matches!(&refused, Error::Refused { arguments, .. } if arguments == "-f -"), "{refused}");
    }
}
