//! The pages and the API.

use std::net::SocketAddr;

/// Settings of the web server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Address and TCP port to listen on, port 9000.
    pub listen: SocketAddr,
    /// How people reach it, for links, such as `http://pimaster.lab:9000`.
    pub public_url: String,
    /// Whether cookies are marked `Secure` (the public address is https).
    pub secure_cookies: bool,
}
