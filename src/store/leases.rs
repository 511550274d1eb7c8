//! Queries on leases: which hardware address has which address, committed before an answer leaves.
