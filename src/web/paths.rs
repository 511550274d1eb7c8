//! Links come from here, and nowhere else. *Pure.*

mod rack;

pub(super) use rack::*;

use crate::model::credential::Platform;
use crate::model::deployment::Request;
use crate::model::ids::{
    BlockId, DeploymentId, GroupId, QueueId, ReservationId, TemplateId, TokenId, UserId,
};
use crate::model::node::NodeName;

/// Sign in.
pub(super) const SIGN_IN: &str = "/sign-in";
/// A forgotten password.
pub(super) const FORGOTTEN: &str = "/forgotten-password";
/// The language of the pages.
pub(super) const LANGUAGE: &str = "/language";
/// Make an account.
pub(super) const SIGN_UP: &str = "/sign-up";
/// The accounts, for administrators.
pub(super) const USERS: &str = "/users";
/// Who may sign up.
pub(super) const USERS_POLICY: &str = "/users/policy";
/// The mail server and the outbox, for administrators.
pub(super) const MAIL: &str = "/mail";
/// The outbox alone.
pub(super) const MAIL_LIVE: &str = "/mail/live";
/// Sends a mail to oneself.
pub(super) const MAIL_TEST: &str = "/mail/test";
/// The rules by which nodes are booked, for administrators.
pub(super) const RULES: &str = "/rules";
/// Who waits for nodes.
pub(super) const QUEUE: &str = "/queue";
/// The queue alone.
pub(super) const QUEUE_LIVE: &str = "/queue/live";
/// Groups of people, for administrators.
pub(super) const GROUPS: &str = "/groups";
/// Blocks and opening hours.
pub(super) const BLOCKS: &str = "/blocks";
/// When the lab is open.
pub(super) const OPENING_HOURS: &str = "/opening-hours";
/// What people did, for administrators.
pub(super) const AUDIT: &str = "/audit";
/// A person's sessions.
pub(super) const SETTINGS_SESSIONS: &str = "/settings/sessions";
/// Sign out.
pub(super) const SIGN_OUT: &str = "/sign-out";
/// Choose nodes.
pub(super) const RESERVE: &str = "/reserve";
/// The nodes alone.
pub(super) const RESERVE_LIVE: &str = "/reserve/live";
/// Reservations that can be configured.
pub(super) const CONFIGURE: &str = "/configure";
/// A person's bins.
pub(super) const MANAGE: &str = "/manage";
/// The bins alone.
pub(super) const MANAGE_LIVE: &str = "/manage/live";
/// Everybody's bins, for administrators.
pub(super) const MANAGE_ALL: &str = "/manage?all=1";
/// Everybody's bins alone.
pub(super) const MANAGE_ALL_LIVE: &str = "/manage/live?all=1";
/// Everybody's reservations, for administrators.
pub(super) const BOOKINGS: &str = "/reservations";
/// Asks something of several nodes.
pub(super) const NODES_REQUESTS: &str = "/nodes/requests";
/// A person's past deployments.
pub(super) const HISTORY: &str = "/history";
/// Everybody's past deployments, for administrators.
pub(super) const HISTORY_ALL: &str = "/history?all=1";
/// A person's account.
pub(super) const SETTINGS: &str = "/settings";
/// A person's SSH keys.
pub(super) const SETTINGS_KEYS: &str = "/settings/keys";
/// A person's password.
pub(super) const SETTINGS_PASSWORD: &str = "/settings/password";
/// What a person is told.
pub(super) const SETTINGS_NOTIFICATIONS: &str = "/settings/notifications";
/// A person's feed for calendar programs.
pub(super) const SETTINGS_FEED: &str = "/settings/feed";
/// Ends the feed.
pub(super) const SETTINGS_FEED_REVOKE: &str = "/settings/feed/revoke";
/// A person's API tokens.
pub(super) const SETTINGS_TOKENS: &str = "/settings/tokens";
/// The nodes of the rack, for administrators.
pub(super) const NODES: &str = "/nodes";
/// A node that is added by hand.
pub(super) const NODES_NEW: &str = "/nodes/new";
/// Renames all nodes.
pub(super) const RENAME: &str = "/nodes/rename";
/// The stream that says when something changed.
pub(super) const EVENTS: &str = "/events";
/// The OpenAPI document.
pub(super) const OPENAPI: &str = "/api/v1/openapi.json";

/// The page of a one-time link.
pub(super) fn link(secret: &str) -> String {
    format!("/links/{secret}")
}

/// What an account may do.
pub(super) fn user_role(id: UserId) -> String {
    format!("{USERS}/{id}/role")
}

/// A link with which somebody chooses a password.
pub(super) fn user_link(id: UserId) -> String {
    format!("{USERS}/{id}/link")
}

/// Removes an account.
pub(super) fn user_remove(id: UserId) -> String {
    format!("{USERS}/{id}/remove")
}

/// Older lines of the audit log.
pub(super) fn audit_before(id: i64) -> String {
    format!("{AUDIT}?before={id}")
}

/// Ends a session of one's own.
pub(super) fn end_session(name: &str) -> String {
    format!("{SETTINGS_SESSIONS}/{name}/end")
}

/// Leaves the queue.
pub(super) fn leave_queue(id: QueueId) -> String {
    format!("{QUEUE}/{id}/leave")
}

/// One group.
pub(super) fn group(id: GroupId) -> String {
    format!("{GROUPS}/{id}")
}

/// Removes a group.
pub(super) fn remove_group(id: GroupId) -> String {
    format!("{GROUPS}/{id}/remove")
}

/// Ends a block.
pub(super) fn end_block(id: BlockId) -> String {
    format!("{BLOCKS}/{id}/end")
}

/// A feed for calendar programs.
pub(super) fn feed(secret: &str) -> String {
    format!("/calendar/{secret}.ics")
}

/// One reservation.
pub(super) fn reservation(id: ReservationId) -> String {
    format!("/reservations/{id}")
}

/// One node of a reservation, on the page of that.
pub(super) fn reservation_node(id: ReservationId, node: &NodeName) -> String {
    format!("/reservations/{id}#node-{id}-{node}")
}

/// One reservation's nodes alone.
pub(super) fn reservation_live(id: ReservationId) -> String {
    format!("/reservations/{id}/live")
}

/// What shall be put on a reservation's nodes.
pub(super) fn configure(id: ReservationId) -> String {
    format!("/reservations/{id}/configure")
}

/// Makes a reservation longer.
pub(super) fn extend(id: ReservationId) -> String {
    format!("/reservations/{id}/extend")
}

/// Gives a reservation's nodes back.
pub(super) fn release(id: ReservationId) -> String {
    format!("/reservations/{id}/release")
}

/// Asks something of what is deployed on a node.
pub(super) fn request(node: &NodeName, request: Request) -> String {
    let word = match request {
        Request::HardReboot => "hard-reboot",
        Request::DeployAgain => "deploy-again",
        Request::Destroy => "destroy",
    };
    format!("/nodes/{node}/{word}")
}

/// One node with its form.
pub(super) fn node_edit(node: &NodeName) -> String {
    format!("{NODES}/{node}/edit")
}

/// Keeps a node from being reserved.
pub(super) fn quarantine(node: &NodeName) -> String {
    format!("{NODES}/{node}/quarantine")
}

/// Lets a node be reserved again.
pub(super) fn end_quarantine(node: &NodeName) -> String {
    format!("{NODES}/{node}/quarantine/end")
}

/// Takes a node out of the rack.
pub(super) fn retire(node: &NodeName) -> String {
    format!("{NODES}/{node}/retire")
}

/// What was deployed on a node.
pub(super) fn node_history(node: &NodeName) -> String {
    format!("{NODES}/{node}/history")
}

/// One deployment with its whole history.
pub(super) fn deployment(id: DeploymentId) -> String {
    format!("/deployments/{id}")
}

/// The same list of past deployments, from before one of them.
pub(super) fn history_before(list: &str, id: DeploymentId) -> String {
    let joint = if list.contains('?') { '&' } else { '?' };
    format!("{list}{joint}before={id}")
}

/// Everybody's reservations, or the live part of them, as they are filtered.
pub(super) fn bookings(is_live: bool, owner: &str, node: &str) -> String {
    let path = if is_live { "/reservations/live" } else { BOOKINGS };
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("owner", owner), ("node", node)].iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// How a node boots.
pub(super) fn boot(node: &NodeName) -> String {
    format!("/nodes/{node}/boot")
}

/// The boot alone.
pub(super) fn boot_live(node: &NodeName) -> String {
    format!("/nodes/{node}/boot/live")
}

/// The form of a reservation, filled from a template.
pub(super) fn configure_from(id: ReservationId, template: TemplateId) -> String {
    format!("{}?template={template}", configure(id))
}

/// Saves the form of a reservation as a template.
pub(super) fn save_template(id: ReservationId) -> String {
    format!("{}/template", configure(id))
}

/// Deletes a template.
pub(super) fn delete_template(id: TemplateId) -> String {
    format!("/templates/{id}/delete")
}

/// Revokes a token.
pub(super) fn revoke(token: TokenId) -> String {
    format!("{SETTINGS_TOKENS}/{token}/revoke")
}

/// Sets an account at another testbed.
pub(super) fn credential(platform: Platform) -> String {
    format!("{SETTINGS}/credentials/{}", platform.as_str())
}

/// Removes an account at another testbed.
pub(super) fn remove_credential(platform: Platform) -> String {
    format!("{}/remove", credential(platform))
}

/// A path of this server to come back to; anything else becomes `otherwise`.
pub(super) fn own(path: &str, otherwise: &str) -> String {
    let mut letters = path.chars();
    let own = letters.next() == Some('/')
        && !matches!(letters.next(), Some('/' | '\\'))
        && path.len() < 500
        && path.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    if own { path.to_owned() } else { otherwise.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_paths_are_followed() {
        assert_eq!(own("/manage?all=1", "/"), "/manage?all=1");
        for path in
            ["", "manage", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "/ä"]
        {
            assert_eq!(own(path, "/reserve"), "/reserve", "{path}");
        }
    }
}
