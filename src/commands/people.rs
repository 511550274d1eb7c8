//! `pimaster user add` and `pimaster token create`. *IO: the database, output.*

use super::Output;
use crate::cli;
use crate::config::Config;
use crate::daemon::open_store;
use crate::model::token::{Lifetime, Scopes, TokenWish};
use crate::model::user::Role;
use crate::web;

/// `pimaster user`.
pub(super) async fn run_user(config: Config, command: cli::User, out: Output) -> anyhow::Result<()> {
    let cli::User::Add { email, admin } = command;
    let store = open_store(&config)?;
    let role = if admin { Role::Admin } else { Role::User };
    web::add_user(&store, &email, role).await?;
    let link = web::set_password_link(&store, &email, &config.web.public_url).await?;
    out.line(format_args!("{email} may set a password, once, at {link}"))
}

/// `pimaster token`.
pub(super) async fn run_token(config: Config, command: cli::Token, out: Output) -> anyhow::Result<()> {
    let cli::Token::Create { user, name, scope, days, never_expires } = command;
    let scopes = if scope.is_empty() { Scopes::all() } else { scope.into_iter().collect() };
    let lifetime = if never_expires { Lifetime::Unlimited } else { Lifetime::Days(days) };
    let wish = TokenWish::judge(&name, scopes, lifetime)?;
    let store = open_store(&config)?;
    let token = web::create_token(&store, &user, wish).await?;
    out.line(format_args!("{token}"))
}
