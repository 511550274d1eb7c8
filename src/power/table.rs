//! What a switch's tables hold, in plain words. *Pure.* Made by `snmp::walk`, judged by `detect`.

/// One row of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What follows the column's own number: which row it is.
    pub index: Vec<u64>,
    /// What stands there.
    pub cell: Cell,
}

/// What stands in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// A number.
    Integer(i64),
    /// Bytes or a text.
    Octets(Vec<u8>),
    /// Something else.
    Other,
}
