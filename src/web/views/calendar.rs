//! The calendar of the nodes: a row each, hours as columns, who has it when. *Pure.*

use super::parts;
use super::shapes::Shape;
use super::states;
use crate::model::agent::{BlockView, Booking, CalendarRow};
use crate::model::clock::{SignedDuration, Timestamp};
use crate::web::forms::calendar::{Group, Span, Window};
use crate::web::paths;
use crate::web::reader::Reader;
use crate::web::views::Who;
use maud::{Markup, html};

/// What the calendar shows, and to whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calendar<'a> {
    pub(super) window: &'a Window,
    pub(super) groups: &'a [(String, Vec<CalendarRow>)],
    /// Names of the nodes that are ticked.
    pub(super) chosen: &'a [String],
    pub(super) who: Option<&'a Who>,
    pub(super) reader: &'a Reader,
}

/// The arrows, the spans and the filter around it.
pub(super) fn controls(window: &Window, reader: &Reader) -> Markup {
    let to = |query: String| format!("{}?{query}", paths::RESERVE);
    html! {
        div.calendar-controls {
            nav.sub aria-label=(reader.say("calendar-when")) {
                a href=(to(window.query(window.span, -window.step()))) rel="prev" { "◀ " (reader.say("calendar-earlier")) }
                a href=(paths::RESERVE) { (reader.say("calendar-today")) }
                a href=(to(window.query(window.span, window.step()))) rel="next" { (reader.say("calendar-later")) " ▶" }
                @for span in Span::ALL {
                    a href=(to(window.query(span, 0))) aria-current=[(span == window.span).then_some("true")] { (span_name(span, reader)) }
                }
            }
            form.filter method="get" action=(paths::RESERVE) role="search" {
                input type="hidden" name="span" value=(window.span.as_str());
                label { (reader.say("calendar-from")) input type="date" name="from" value=(window.day.to_string()); }
                label { (reader.say("calendar-filter"))
                    input type="search" name="filter" value=(window.filter) maxlength="100" placeholder="pi4b switch-1";
                }
                label { (reader.say("calendar-group"))
                    select name="group" {
                        @for group in Group::ALL {
                            option value=(group.as_str()) selected[group == window.group] { (group_name(group, reader)) }
                        }
                    }
                }
                button { (reader.say("calendar-show")) }
            }
        }
    }
}

fn span_name(span: Span, reader: &Reader) -> String {
    match span {
        Span::TwoDays => reader.say("calendar-days"),
        Span::Week => reader.say("calendar-week"),
        Span::Month => reader.say("calendar-month"),
    }
}

fn group_name(group: Group, reader: &Reader) -> String {
    match group {
        Group::Nothing => reader.say("calendar-group-nothing"),
        Group::Switch => reader.say("calendar-group-switch"),
        Group::Model => reader.say("calendar-group-model"),
    }
}

/// The table. `data-start` and `data-slot` (hours) tell the script what a place in it means.
pub(super) fn table(calendar: Calendar<'_>) -> Markup {
    let Calendar { window, groups, reader, .. } = calendar;
    let slots = window.span.slots();
    html! {
        div.scroll {
            table.calendar data-start={ (window.day.to_string()) "T00:00" } data-slot=(window.span.slot_hours()) data-slots=(slots) {
                caption.unseen { (reader.say("calendar-caption")) }
                thead { (head(window, reader)) }
                @for (name, rows) in groups {
                    tbody {
                        @if !name.is_empty() || window.group != Group::Nothing {
                            tr { th.group colspan=(slots + 1) scope="rowgroup" {
                                @if name.is_empty() { (reader.say("calendar-group-none")) } @else { (name) }
                            } }
                        }
                        @for row in rows { (node(calendar, row)) }
                    }
                }
            }
        }
    }
}

/// Days, each over its columns; the column of now is marked.
fn head(window: &Window, reader: &Reader) -> Markup {
    let per_day = 24 / window.span.slot_hours();
    let days = window.span.slots() / per_day.max(1);
    let label_each = if window.span == Span::TwoDays { 3 } else { per_day };
    let at = |slot: u32| window.from + SignedDuration::from_hours(i64::from(slot * window.span.slot_hours()));
    let local = |slot: u32, format: &str| at(slot).to_zoned(reader.zone.clone()).strftime(format).to_string();
    let now = slot_of(window, reader.now);
    html! {
        tr {
            td {}
            @for day in 0..days {
                th colspan=(per_day) scope="col" { (local(day * per_day, if window.span == Span::Month { "%d" } else { "%a %d %b" })) }
            }
        }
        @if window.span == Span::TwoDays {
            tr.hours {
                td {}
                @for slot in (0..window.span.slots()).step_by(3) { th colspan=(label_each) scope="col" { (local(slot, "%H")) } }
            }
        }
        @if let Some(now) = now {
            tr.now aria-hidden="true" {
                td {}
                @if now > 0 { td colspan=(now) {} }
                td { "▾" }
                @if now + 1 < window.span.slots() { td colspan=(window.span.slots() - now - 1) {} }
            }
        }
    }
}

/// The column in which a time lies.
fn slot_of(window: &Window, at: Timestamp) -> Option<u32> {
    let hours = at.duration_since(window.from).as_secs().div_euclid(3600);
    let slot = u32::try_from(hours).ok()? / window.span.slot_hours();
    (slot < window.span.slots()).then_some(slot)
}

fn node(calendar: Calendar<'_>, row: &CalendarRow) -> Markup {
    let Calendar { window, chosen, who, reader, .. } = calendar;
    let (node, name) = (&row.node, row.node.name.as_str());
    let is_own = |owner: &str| who.is_some_and(|who| who.email == owner);
    html! {
        tr data-node=(name) {
            th scope="row" {
                label {
                    input type="checkbox" name="nodes" value=(name) id={ "node-" (name) }
                        checked[chosen.iter().any(|it| it == name)] disabled[node.quarantine.is_some()];
                    span.node-name { (name) }
                    @match (&node.quarantine, &node.taken) {
                        (Some(_), _) => (states::quarantine(reader)),
                        (None, None) => (states::badge("good", Shape::Ring, &reader.say("calendar-free"))),
                        (None, Some(_)) => (states::badge("idle", Shape::Bar, &reader.say("calendar-taken"))),
                    }
                    span.facts { (node.board) }
                    @if let Some(kept) = &node.quarantine { span.facts { (kept.reason) } }
                }
                @if who.is_some_and(|who| who.is_admin) || node.taken.as_ref().is_some_and(|taken| is_own(&taken.owner)) {
                    a.beside href=(paths::boot(&node.name)) { (reader.with("calendar-boot", &[("node", name.into())])) }
                }
            }
            @for piece in pieces(window, row) {
                @match piece {
                    Piece::Free(columns) => td.free colspan=(columns) {},
                    Piece::Blocked(columns, block) => {
                        td.blocked colspan=(columns) tabindex="0" title=(kept(block, reader)) {
                            span { (block.reason) }
                            span.unseen { (kept(block, reader)) }
                        }
                    }
                    Piece::Taken(columns, booking) => {
                        td.taken.own[is_own(&booking.owner)].past[booking.end <= reader.now] colspan=(columns) tabindex="0" title=(told(booking, reader)) {
                            span { (booking.owner) }
                            span.unseen { (told(booking, reader)) }
                        }
                    }
                }
            }
        }
    }
}

/// Who has a node from when until when.
fn told(booking: &Booking, reader: &Reader) -> String {
    let local = |at: Timestamp| at.to_zoned(reader.zone.clone()).strftime("%a %d %b %H:%M").to_string();
    let values = [
        ("owner", booking.owner.as_str().into()),
        ("start", local(booking.start).into()),
        ("end", local(booking.end).into()),
        ("state", parts::away(booking.end, reader).into()),
    ];
    reader.with("calendar-told", &values)
}

/// Why a node is kept from when until when, and for whom.
fn kept(block: &BlockView, reader: &Reader) -> String {
    let local = |at: Timestamp| at.to_zoned(reader.zone.clone()).strftime("%a %d %b %H:%M").to_string();
    let whom = block.group.clone().unwrap_or_else(|| reader.say("blocks-nobody"));
    let values = [
        ("reason", block.reason.as_str().into()),
        ("start", local(block.start).into()),
        ("end", local(block.end).into()),
        ("whom", whom.into()),
    ];
    reader.with("calendar-kept", &values)
}

/// A stretch of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    Free(u32),
    Taken(u32, &'a Booking),
    Blocked(u32, &'a BlockView),
}

/// Cuts a row into stretches that fill all columns. A booking that shares its first column with the one before
/// begins a column later, or is left out if it has no column of its own. Blocks show where nothing is booked.
fn pieces<'a>(window: &Window, row: &'a CalendarRow) -> Vec<Piece<'a>> {
    let spans = row.booked.iter().map(|it| (it, columns(window, it.start, it.end)));
    let mut found = Vec::new();
    let mut done = 0;
    for (booking, (begin, end)) in spans {
        let begin = begin.max(done);
        if end > begin {
            unbooked(window, &row.blocked, (done, begin), &mut found);
            found.push(Piece::Taken(end - begin, booking));
            done = end;
        }
    }
    unbooked(window, &row.blocked, (done, window.span.slots()), &mut found);
    found
}

/// Cuts columns in which nothing is booked.
fn unbooked<'a>(
    window: &Window,
    blocked: &'a [BlockView],
    (from, until): (u32, u32),
    found: &mut Vec<Piece<'a>>,
) {
    let mut done = from;
    for block in blocked {
        let (begin, end) = columns(window, block.start, block.end);
        let (begin, end) = (begin.max(done), end.min(until));
        if end <= begin {
            continue;
        }
        if begin > done {
            found.push(Piece::Free(begin - done));
        }
        found.push(Piece::Blocked(end - begin, block));
        done = end;
    }
    if done < until {
        found.push(Piece::Free(until - done));
    }
}

/// The columns of a time: from the one in which it begins to behind the one in which it ends.
fn columns(window: &Window, start: Timestamp, end: Timestamp) -> (u32, u32) {
    let (slots, slot_seconds) = (window.span.slots(), i64::from(window.span.slot_hours()) * 3600);
    let column = |at: Timestamp, more: i64| {
        let seconds = at.duration_since(window.from).as_secs().max(0) + more;
        u32::try_from(seconds / slot_seconds).unwrap_or(slots).min(slots)
    };
    (column(start, 0), column(end, slot_seconds - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::agent::{NodeView, ScopeWish};
    use crate::model::board::BoardModel;
    use crate::model::clock::TimeZone;
    use crate::model::ids::{BlockId, ReservationId};
    use crate::model::reservation::ReservationState;
    use crate::web::forms::calendar::CalendarQuery;

    fn booking(start: &str, end: &str) -> Booking {
        Booking {
            reservation: ReservationId(1),
            owner: "ada@lab".into(),
            start: start.parse().unwrap(),
            end: end.parse().unwrap(),
            state: ReservationState::Active,
        }
    }

    fn row(booked: &[(&str, &str)], blocked: &[(&str, &str)]) -> CalendarRow {
        let block = |(start, end): &(&str, &str)| BlockView {
            id: BlockId(1),
            start: start.parse().unwrap(),
            end: end.parse().unwrap(),
            reason: "course".into(),
            scope: ScopeWish::All,
            group: None,
        };
        CalendarRow {
            node: NodeView {
                name: "pi-01".parse().unwrap(),
                model: BoardModel::Pi4b,
                board: "4B".into(),
                address: "10.0.0.1".parse().unwrap(),
                serial: None,
                port: None,
                quarantine: None,
                taken: None,
                later: vec![],
            },
            booked: booked.iter().map(|(start, end)| booking(start, end)).collect(),
            blocked: blocked.iter().map(block).collect(),
        }
    }

    #[test]
    fn blocks_show_around_what_is_booked() {
        let window = CalendarQuery::default().window(&TimeZone::UTC, "2026-03-01T12:00:00Z".parse().unwrap());
        let row = row(
            &[("2026-03-01T04:00:00Z", "2026-03-01T06:00:00Z")],
            &[
                ("2026-03-01T02:00:00Z", "2026-03-01T08:00:00Z"),
                ("2026-03-01T07:00:00Z", "2026-03-01T10:00:00Z"),
            ],
        );
        let seen = pieces(&window, &row).into_iter().map(|piece| match piece {
            Piece::Free(columns) => ('.', columns),
            Piece::Taken(columns, _) => ('t', columns),
            Piece::Blocked(columns, _) => ('b', columns),
        });
        assert_eq!(seen.collect::<Vec<_>>(), [('.', 2), ('b', 2), ('t', 2), ('b', 2), ('b', 2), ('.', 38)]);
    }

    #[test]
    fn rows_fill_all_columns() {
        let window = CalendarQuery::default().window(&TimeZone::UTC, "2026-03-01T12:00:00Z".parse().unwrap());
        let check = |booked: &[(&str, &str)], expect: &[(bool, u32)]| {
            let row = row(booked, &[]);
            let seen: Vec<(bool, u32)> = pieces(&window, &row)
                .into_iter()
                .map(|piece| match piece {
                    Piece::Free(columns) => (false, columns),
                    Piece::Taken(columns, _) => (true, columns),
                    Piece::Blocked(..) => panic!("nothing is blocked"),
                })
                .collect();
            assert_eq!(seen, expect, "{booked:?}");
            assert_eq!(seen.iter().map(|(_, columns)| columns).sum::<u32>(), 48);
        };
        check(&[], &[(false, 48)]);
        check(&[("2026-03-01T01:30:00Z", "2026-03-01T03:15:00Z")], &[(false, 1), (true, 3), (false, 44)]);
        check(&[("2026-02-01T00:00:00Z", "2026-04-01T00:00:00Z")], &[(true, 48)]);
        let adjacent = [
            ("2026-03-01T00:00:00Z", "2026-03-01T00:30:00Z"),
            ("2026-03-01T00:30:00Z", "2026-03-01T02:00:00Z"),
        ];
        check(&adjacent, &[(true, 1), (true, 1), (false, 46)]);
        let hidden = [
            ("2026-03-01T00:00:00Z", "2026-03-01T00:20:00Z"),
            ("2026-03-01T00:20:00Z", "2026-03-01T00:40:00Z"),
        ];
        check(&hidden, &[(true, 1), (false, 47)]);
        check(&[("2026-03-02T23:10:00Z", "2026-03-05T00:00:00Z")], &[(false, 47), (true, 1)]);
    }
}
