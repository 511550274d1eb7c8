//! Queries on boot events: what nodes did on the wire, bounded per node.
