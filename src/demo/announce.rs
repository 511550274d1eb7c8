//! Tells people and programs that the rack is ready. *IO: standard output; the ready file.*

use super::places::Places;
use crate::model::node::NodeName;
use crate::model::token::TokenWish;
use crate::store::Store;
use crate::web;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::fs::OpenOptions;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The ready file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Where the pages and the API are.
    pub url: String,
    /// Signs the administrator in, once.
    pub sign_in_link: String,
    /// An API token of the administrator.
    pub token: String,
    /// The boards' names.
    pub boards: Vec<NodeName>,
    /// The simulator's own page.
    pub simulator: String,
}

/// Makes the administrator, a sign-in link and a token.
pub(super) async fn way_in(
    store: &Store,
    email: &str,
    url: &str,
    simulator: SocketAddr,
    boards: impl Iterator<Item = NodeName>,
) -> anyhow::Result<Ready> {
    // The link to a password that it gives is not needed: the sign-in link does without one.
    drop(web::ensure_admin(store, email, url).await?);
    Ok(Ready {
        url: url.to_owned(),
        sign_in_link: web::sign_in_link(store, email, url).await?,
        token: web::create_token(store, email, TokenWish::unlimited("demonstration")).await?,
        boards: boards.collect(),
        simulator: format!("http://{simulator}"),
    })
}

/// Writes the ready file, so that it is whole or not there, then prints.
pub(super) fn announce(ready: &Ready, places: &Places, file: Option<&Path>) -> anyhow::Result<()> {
    if let Some(file) = file {
        let draft = file.with_extension(format!("draft-{}", std::process::id()));
        let text = serde_json::to_vec_pretty(ready)?;
        // It opens the administrator's account: for this user alone.
        let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft);
        opened
            .and_then(|mut opened| opened.write_all(&text))
            .and_then(|()| std::fs::rename(&draft, file))
            .with_context(|| format!("cannot write the ready file {}", file.display()))?;
    }
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "pimaster's demonstration rack is ready: {count} simulated boards, no hardware.\n\n\
         Pages       {url}\n\
         Sign in     {link}\n\
         API token   {token}\n\
         Simulator   {simulator}   (to see the boards and to let them fail)\n\
         Folder      {folder}\n\n\
         Ctrl-C ends it; the next start on the same folder goes on where it stopped.",
        count = ready.boards.len(),
        url = ready.url,
        link = ready.sign_in_link,
        token = ready.token,
        simulator = ready.simulator,
        folder = places.root().display(),
    )?;
    Ok(out.flush()?)
}
