//! Scenarios: what each class of board does when all is well, and when each thing goes wrong. *Tests.*

mod healthy;
mod segments;
mod story;
mod troubles;
