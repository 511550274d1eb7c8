//! Agents: a set of nodes with one manager. The web knows nothing else.
