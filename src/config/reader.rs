//! Reads typed values out of a TOML table and collects every problem with its key path. *Pure.*
//!
//! Called by the section functions of [`super`]. A value that is missing or wrong is reported and replaced by
//! `None`, so that reading goes on to the end of the file.

use std::fmt;
use std::str::FromStr;
use toml::{Table, Value};

/// One thing that is wrong with a settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The key, such as `network.subnet`.
    pub key: String,
    /// What was seen.
    pub seen: String,
    /// What is allowed.
    pub allowed: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; allowed: {}", self.key, self.seen, self.allowed)
    }
}

/// One table of the file, with the names of the keys that were asked for.
pub(super) struct Section<'a> {
    path: String,
    table: Option<&'a Table>,
    asked: Vec<&'static str>,
    findings: Vec<Finding>,
}

impl<'a> Section<'a> {
    /// The table `name` of the file; a missing one reads as empty.
    pub(super) fn of(root: &'a Table, name: &'static str) -> Self {
        let mut section =
            Self { path: name.to_owned(), table: None, asked: Vec::new(), findings: Vec::new() };
        match root.get(name) {
            Some(Value::Table(table)) => section.table = Some(table),
            Some(other) => section.findings.push(Finding {
                key: name.to_owned(),
                seen: other.type_str().to_owned(),
                allowed: format!("a table, [{name}]"),
            }),
            None => {}
        }
        section
    }

    /// A table that lies deeper in the file.
    pub(super) fn inner(path: String, table: &'a Table) -> Self {
        Self { path, table: Some(table), asked: Vec::new(), findings: Vec::new() }
    }

    /// The table of that key, with its path.
    pub(super) fn table(&mut self, key: &'static str) -> Option<(String, &'a Table)> {
        let value = self.raw(key)?;
        let table = value.as_table();
        if table.is_none() {
            self.report(key, shown(value), "a table");
        }
        table.map(|table| (format!("{}.{key}", self.path), table))
    }

    /// The list of tables of that key, each with its path.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<(String, &'a Table)> {
        let Some(value) = self.raw(key) else { return Vec::new() };
        let tables: Option<Vec<_>> =
            value.as_array().and_then(|items| items.iter().map(Value::as_table).collect());
        let Some(tables) = tables else {
            self.report(key, shown(value), &format!("a list of tables, [[{}.{key}]]", self.path));
            return Vec::new();
        };
        let numbered = tables.into_iter().enumerate();
        numbered.map(|(number, table)| (format!("{}.{key}[{number}]", self.path), table)).collect()
    }

    fn raw(&mut self, key: &'static str) -> Option<&'a Value> {
        self.asked.push(key);
        self.table.and_then(|table| table.get(key))
    }

    /// Reports a problem of one key.
    pub(super) fn report(&mut self, key: &str, seen: impl Into<String>, allowed: &str) {
        let key = format!("{}.{key}", self.path);
        self.findings.push(Finding { key, seen: seen.into(), allowed: allowed.to_owned() });
    }

    /// A text that parses, if the key is there.
    pub(super) fn optional<T: FromStr>(&mut self, key: &'static str, allowed: &str) -> Option<T> {
        let value = self.raw(key)?;
        let parsed = value.as_str().and_then(|text| text.parse().ok());
        if parsed.is_none() {
            self.report(key, shown(value), allowed);
        }
        parsed
    }

    /// A text that parses; the key must be there.
    pub(super) fn required<T: FromStr>(&mut self, key: &'static str, allowed: &str) -> Option<T> {
        if self.table.is_none_or(|table| !table.contains_key(key)) {
            self.asked.push(key);
            self.report(key, "missing", allowed);
            return None;
        }
        self.optional(key, allowed)
    }

    /// A whole number within `range`, or `default`.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        range: std::ops::RangeInclusive<u32>,
        default: u32,
    ) -> u32 {
        let Some(value) = self.raw(key) else { return default };
        let number = value.as_integer().and_then(|number| u32::try_from(number).ok());
        number.filter(|number| range.contains(number)).unwrap_or_else(|| {
            let allowed = format!("a whole number from {} to {}", range.start(), range.end());
            self.report(key, shown(value), &allowed);
            default
        })
    }

    /// `true` or `false`, or `default`.
    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        let Some(value) = self.raw(key) else { return default };
        value.as_bool().unwrap_or_else(|| {
            self.report(key, shown(value), "true or false");
            default
        })
    }

    /// A UDP or TCP port, or `default`.
    pub(super) fn port(&mut self, key: &'static str, default: u16) -> u16 {
        u16::try_from(self.number(key, 1..=65_535, default.into())).unwrap_or(default)
    }

    /// A list of texts that parse; empty if the key is missing.
    pub(super) fn list<T: FromStr>(&mut self, key: &'static str, allowed: &str) -> Vec<T> {
        let Some(value) = self.raw(key) else { return Vec::new() };
        let Some(items) = value.as_array() else {
            self.report(key, shown(value), &format!("a list, each {allowed}"));
            return Vec::new();
        };
        let mut parsed = Vec::new();
        for (number, item) in items.iter().enumerate() {
            match item.as_str().and_then(|text| text.parse().ok()) {
                Some(good) => parsed.push(good),
                None => self.report(&format!("{key}[{number}]"), shown(item), allowed),
            }
        }
        parsed
    }

    /// Ends the section: keys that nobody asked for are reported.
    pub(super) fn finish(mut self, findings: &mut Vec<Finding>) {
        for key in self.table.into_iter().flat_map(Table::keys) {
            if !self.asked.contains(&key.as_str()) {
                let allowed = self.asked.join(", ");
                let key = format!("{}.{key}", self.path);
                self.findings.push(Finding { key, seen: "unknown key".to_owned(), allowed });
            }
        }
        findings.append(&mut self.findings);
    }
}

/// A value in a report.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 80 { format!("{}...", text.chars().take(80).collect::<String>()) } else { text }
}
