//! Schema migrations: numbered, embedded, forward only. *IO: through the connection it is given.*
//!
//! The schema's number is SQLite's `user_version`. A migration that was ever released is never edited.

use super::error::{Error, Result};
use rusqlite::Connection;

const MIGRATIONS: [&str; 22] = [
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_guests.sql"),
    include_str!("migrations/0003_boot_events.sql"),
    include_str!("migrations/0004_boot_order.sql"),
    include_str!("migrations/0005_discovery.sql"),
    include_str!("migrations/0006_detections.sql"),
    include_str!("migrations/0007_networks.sql"),
    include_str!("migrations/0008_accounts.sql"),
    include_str!("migrations/0009_routing.sql"),
    include_str!("migrations/0010_booking.sql"),
    include_str!("migrations/0011_quarantine.sql"),
    include_str!("migrations/0012_idempotency.sql"),
    include_str!("migrations/0013_mail.sql"),
    include_str!("migrations/0014_configure.sql"),
    include_str!("migrations/0016_history.sql"),
    include_str!("migrations/0017_notices.sql"),
    include_str!("migrations/0018_blocks_and_groups.sql"),
    include_str!("migrations/0019_queue.sql"),
    include_str!("migrations/0020_tokens.sql"),
    include_str!("migrations/0021_credentials.sql"),
    include_str!("migrations/0022_switch_inquiries.sql"),
    include_str!("migrations/0023_catalogue.sql"),
];

/// Brings a database to the newest schema, one transaction per migration.
pub(super) fn migrate(conn: &mut Connection) -> Result<()> {
    let seen: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = known();
    if seen > known {
        return Err(Error::Newer { seen, known });
    }
    for (number, sql) in (1u32..).zip(MIGRATIONS).skip(usize::try_from(seen).unwrap_or(0)) {
        apply(conn, number, sql).map_err(|source| Error::Migrate { number, source })?;
    }
    Ok(())
}

/// The number of the newest schema.
pub(super) fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

fn apply(conn: &mut Connection, number: u32, sql: &str) -> rusqlite::Result<()> {
    let tx = conn.transaction()?;
    tx.execute_batch(sql)?;
    tx.pragma_update(None, "user_version", number)?;
    tx.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_gets_every_migration_once() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn).unwrap();
        migrate(&mut conn).unwrap();
        let version: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(usize::try_from(version), Ok(MIGRATIONS.len()));
    }

    #[test]
    fn a_newer_file_is_refused() {
        let mut conn = Connection::open_in_memory().unwrap();
        conn.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(migrate(&mut conn), Err(Error::Newer { seen: 99, .. })));
    }
}
