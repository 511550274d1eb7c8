//! The form of what a person wants to be told. *Pure.* Called by `routes::notifications`.

use super::{Errors, Fields};
use crate::model::notification::{LONGEST_NOTICE_MINUTES, Notifications};

/// What a person wants to be told; mails come in that language.
pub(in crate::web) fn notifications(fields: &Fields, language: &str) -> Result<Notifications, Errors> {
    let typed = fields.one("notice_minutes").trim();
    let minutes = match typed {
        "" => None,
        text => Some(minutes(text).map_err(|text| Errors::one("notice_minutes", text))?),
    };
    Ok(Notifications {
        before_end: fields.has("before_end"),
        minutes,
        outcome: fields.has("outcome"),
        turn: fields.has("turn"),
        language: language.to_owned(),
    })
}

fn minutes(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| (1..=LONGEST_NOTICE_MINUTES).contains(number));
    number.ok_or_else(|| {
        format!("`{text}` is not possible; expected a whole number from 1 to {LONGEST_NOTICE_MINUTES}, or nothing.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_that_are_not_ticked_are_not_sent() {
        let read = |text: &str| notifications(&Fields::parse(text.as_bytes()), "fr");
        let all = read("before_end=on&notice_minutes=45&outcome=on&turn=on").unwrap();
        let expect = Notifications { minutes: Some(45), language: "fr".into(), ..Notifications::default() };
        assert_eq!(all, expect);
        let none = read("notice_minutes=+").unwrap();
        assert!(!none.before_end && !none.outcome && !none.turn && none.minutes.is_none());
        for wrong in ["0", "-1", "soon", "10081", "1.5"] {
            let errors = read(&format!("notice_minutes={wrong}")).unwrap_err();
            assert!(errors.at("notice_minutes").is_some(), "{wrong}");
        }
    }
}
