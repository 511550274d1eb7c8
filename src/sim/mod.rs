//! Simulated boards and a simulated PoE switch that speak the real protocols.
