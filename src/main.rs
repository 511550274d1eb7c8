//! The command line's door: parse, run, map the error to an exit code.

fn main() {}
