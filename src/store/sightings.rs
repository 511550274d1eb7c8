//! Queries on sightings: machines that asked for an address and are not nodes.
