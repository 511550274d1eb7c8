//! The shapes of states: each is told from the others without colour. *Pure.*

use maud::{Markup, PreEscaped, html};

/// A shape of 16 by 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// An empty circle: free, or nothing yet.
    Ring,
    /// A circle that fills: something goes on.
    Half,
    /// A tick: done.
    Tick,
    /// A cross: failed.
    Cross,
    /// A triangle: look here.
    Triangle,
    /// A turned arrow: begins again.
    Turn,
    /// A bar: goes down, or is taken.
    Bar,
    /// A clock: waits for its time.
    Clock,
}

impl Shape {
    fn path(self) -> &'static str {
        match self {
            Self::Ring => r#"<circle cx="8" cy="8" r="5.5"/>"#,
            Self::Half => {
                r#"<circle cx="8" cy="8" r="5.5"/><path class="fill" d="M8 2.5a5.5 5.5 0 0 1 0 11z"/>"#
            }
            Self::Tick => r#"<path d="M2.5 8.5 6.5 12.5 13.5 3.5"/>"#,
            Self::Cross => r#"<path d="M3.5 3.5 12.5 12.5M12.5 3.5 3.5 12.5"/>"#,
            Self::Triangle => r#"<path d="M8 2 14.5 13.5H1.5zM8 6.5v3M8 11.3v.4"/>"#,
            Self::Turn => r#"<path d="M12.8 9.5A5 5 0 1 1 11.5 4.4M11.8 1.5v3.2H8.6"/>"#,
            Self::Bar => r#"<path d="M2.5 8h11"/>"#,
            Self::Clock => r#"<circle cx="8" cy="8" r="5.5"/><path d="M8 4.8V8l2.3 1.6"/>"#,
        }
    }

    /// The shape as an image; the text beside it says the same.
    pub(super) fn draw(self) -> Markup {
        html! {
            svg.shape viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" { (PreEscaped(self.path())) }
        }
    }
}
