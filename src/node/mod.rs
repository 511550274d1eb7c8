//! The verbs that run on a node: `pimaster node <verb>`.
