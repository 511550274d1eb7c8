//! Following a deployment: when waiting ends, and which lines are worth a person's eye. *Pure.*

use super::answers::{Deployment, Reservation};
use super::table::{minute, plain};
use std::collections::HashMap;

/// A long state is told of again after so many hundredths.
const STEP_PERCENT: u8 = 10;

/// Where the deployment of a reservation stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outlook {
    /// Something still happens by itself.
    Going,
    /// Every node is deployed.
    Deployed,
    /// Nothing more happens by itself, and these nodes are not deployed.
    Undone(Vec<String>),
}

/// Judges a reservation that was configured.
pub(super) fn judge(reservation: &Reservation) -> Outlook {
    let is_over = matches!(reservation.state.as_str(), "ending" | "ended");
    if !is_over && reservation.nodes.iter().any(goes_on) {
        return Outlook::Going;
    }
    let undone = reservation.nodes.iter().filter(|node| is_over || node.state != "deployed");
    let undone: Vec<String> = undone.map(|node| node.name.clone()).collect();
    if undone.is_empty() { Outlook::Deployed } else { Outlook::Undone(undone) }
}

fn goes_on(node: &Deployment) -> bool {
    let rests = matches!(node.state.as_str(), "deployed" | "lost" | "failed" | "destroying" | "destroyed");
    !rests || matches!(node.request.as_deref(), Some("hard_reboot" | "deploy_again"))
}

/// What was told of each node.
#[derive(Debug, Default)]
pub(super) struct Follower {
    told: HashMap<String, (String, u8)>,
    has_told_of_start: bool,
}

impl Follower {
    /// The lines that are new.
    pub(super) fn lines(&mut self, reservation: &Reservation) -> Vec<String> {
        let mut lines = Vec::new();
        if reservation.state == "configured" && !self.has_told_of_start {
            self.has_told_of_start = true;
            let start = plain(&minute(&reservation.start));
            lines.push(format!("reservation {} begins at {start}", reservation.id));
        }
        lines.extend(reservation.nodes.iter().filter_map(|node| self.line(node)));
        lines
    }

    fn line(&mut self, node: &Deployment) -> Option<String> {
        let percent = node.progress.as_ref().map_or(0, |progress| progress.percent);
        let before = self.told.get(&node.name);
        let is_new = before
            .is_none_or(|(state, told)| *state != node.state || percent >= told.saturating_add(STEP_PERCENT));
        if !is_new {
            return None;
        }
        self.told.insert(node.name.clone(), (node.state.clone(), percent));
        let (name, state) = (plain(&node.name), plain(&node.state));
        let far = if percent > 0 { format!(" {percent} %") } else { String::new() };
        let why = match node.state.as_str() {
            "lost" | "failed" => format!(": {}", node.shown_problem()),
            _ => String::new(),
        };
        Some(format!("{name}  {state}{far}{why}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::answers::{Problem, Progress, tests::with_states};

    fn check(state: &str, nodes: &[&str], expect: &Outlook) {
        assert_eq!(judge(&with_states(state, nodes)), *expect, "{state} {nodes:?}");
    }

    #[test]
    fn waiting_ends_when_nothing_happens_by_itself() {
        let undone = |names: &[&str]| Outlook::Undone(names.iter().map(|&name| name.to_owned()).collect());
        check("configured", &["initialized", "initialized"], &Outlook::Going);
        check("active", &["deployed", "env_copy"], &Outlook::Going);
        check("active", &["deployed", "a_state_to_come"], &Outlook::Going);
        check("active", &["lost", "hard_reboot"], &Outlook::Going);
        check("active", &["deployed", "deployed"], &Outlook::Deployed);
        check("active", &["deployed", "failed"], &undone(&["pi-02"]));
        check("active", &["lost", "destroyed"], &undone(&["pi-01", "pi-02"]));
        check("ending", &["deployed", "env_copy"], &undone(&["pi-01", "pi-02"]));
        check("ended", &["initialized"], &undone(&["pi-01"]));
    }

    #[test]
    fn what_was_asked_is_waited_for() {
        let mut lost = with_states("active", &["lost"]);
        for (request, expect) in
            [("deploy_again", Outlook::Going), ("destroy", Outlook::Undone(vec!["pi-01".into()]))]
        {
            lost.nodes[0].request = Some(request.into());
            assert_eq!(judge(&lost), expect, "{request}");
        }
    }

    #[test]
    fn lines_tell_of_states_and_of_each_tenth() {
        let mut follower = Follower::default();
        assert_eq!(
            follower.lines(&with_states("configured", &["initialized"])),
            ["reservation 7 begins at 2026-03-01 14:00 UTC", "pi-01  initialized"]
        );
        assert!(follower.lines(&with_states("configured", &["initialized"])).is_empty());
        let mut copying = with_states("active", &["env_copy"]);
        for (percent, expect) in
            [(1, Some("pi-01  env_copy 1 %")), (10, None), (11, Some("pi-01  env_copy 11 %"))]
        {
            copying.nodes[0].progress = Some(Progress { percent });
            assert_eq!(follower.lines(&copying).first().map(String::as_str), expect, "{percent}");
        }
        let mut failed = with_states("active", &["failed"]);
        failed.nodes[0].problem = Some(Problem { seen: "no card".into(), advice: "Put one in.".into() });
        assert_eq!(follower.lines(&failed), ["pi-01  failed: no card. Put one in."]);
    }
}
