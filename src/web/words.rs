//! The texts of the pages in each language, by name. *Pure.* Called by `views`, `forms`, `routes`, `refusal`.
//!
//! One Fluent file per language under `assets/words/`. A test holds that they name the same texts with the same
//! variables, that each text which the code names is there, and that none is there for nothing.

use axum::http::{HeaderMap, header};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::sync::LazyLock;

/// The languages there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Language {
    /// English.
    #[default]
    English,
    /// French.
    French,
}

/// What a text is completed with: a number, which decides on plurals, or a text.
pub(super) type Value<'a> = FluentValue<'a>;

type Bundle = FluentBundle<FluentResource>;

static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| Language::English.bundle());
static FRENCH: LazyLock<Bundle> = LazyLock::new(|| Language::French.bundle());

impl Language {
    /// Every language.
    pub(super) const ALL: [Self; 2] = [Self::English, Self::French];

    /// Its tag: BCP 47.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    /// Its own name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::French => "Français",
        }
    }

    /// The language of that tag.
    pub(super) fn of_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// The one that a browser likes best, by `Accept-Language` (RFC 9110, 12.5.4); English if it likes none.
    pub(super) fn liked(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
        let mut best = (0.0, Self::default());
        for range in lines.flat_map(|line| line.split(',')) {
            let (tag, quality) = range.split_once(';').unwrap_or((range, "q=1"));
            let quality = quality.trim().strip_prefix("q=").and_then(|q| q.trim().parse::<f32>().ok());
            let primary = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
            if let Some((language, quality)) = Self::of_tag(&primary).zip(quality)
                && quality > best.0
            {
                best = (quality, language);
            }
        }
        best.1
    }

    /// The text of that name.
    pub(super) fn say(self, name: &str) -> String {
        self.format(name, None)
    }

    /// The text of that name, completed.
    pub(super) fn with(self, name: &str, values: &[(&str, Value<'_>)]) -> String {
        let args: FluentArgs<'_> = values.iter().map(|(key, value)| (*key, value.clone())).collect();
        self.format(name, Some(&args))
    }

    fn format(self, name: &str, args: Option<&FluentArgs<'_>>) -> String {
        let bundle = match self {
            Self::English => &*ENGLISH,
            Self::French => &*FRENCH,
        };
        let pattern = bundle.get_message(name).and_then(|message| message.value());
        // A test holds that every name is there; a name is still better than a page that fails.
        let Some(pattern) = pattern else { return name.to_owned() };
        bundle.format_pattern(pattern, args, &mut Vec::new()).into_owned()
    }

    fn source(self) -> &'static str {
        match self {
            Self::English => include_str!("../../assets/words/en.ftl"),
            Self::French => include_str!("../../assets/words/fr.ftl"),
        }
    }

    #[expect(clippy::expect_used, reason = "embedded, and held by a test")]
    fn bundle(self) -> Bundle {
        let mut bundle = Bundle::new_concurrent(vec![self.tag().parse().expect("a language tag")]);
        // The marks that keep languages of both directions apart would be copied with what people copy.
        bundle.set_use_isolating(false);
        let (Ok(resource) | Err((resource, _))) = FluentResource::try_new(self.source().to_owned());
        bundle.add_resource(resource).expect("each text once");
        bundle
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::Path;

    /// Each text with the variables in it.
    fn texts(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        let resource = FluentResource::try_new(language.source().to_owned());
        assert!(resource.is_ok(), "{language:?}: {:?}", resource.err().map(|(_, errors)| errors));
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut name = String::new();
        for line in language.source().lines().filter(|line| !line.starts_with('#')) {
            if let Some((head, _)) = line.split_once('=').filter(|_| !line.starts_with([' ', '}'])) {
                name = head.trim().to_owned();
                assert!(found.insert(name.clone(), BTreeSet::new()).is_none(), "{language:?}: {name} twice");
            }
            let variables = line.split('$').skip(1).map(|rest| {
                rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>()
            });
            found.entry(name.clone()).or_default().extend(variables);
        }
        found.retain(|name, _| !name.is_empty());
        found
    }

    fn rust_files(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                rust_files(&path, found);
            } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("words.rs") {
                found.push(fs::read_to_string(path).unwrap());
            }
        }
    }

    #[test]
    fn all_languages_have_the_same_texts() {
        assert_eq!(texts(Language::English), texts(Language::French));
    }

    /// Names of texts are written out in the code, so that they can be found there.
    #[test]
    fn every_text_that_is_named_is_there_and_the_other_way_round() {
        let mut code = Vec::new();
        rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web"), &mut code);
        let known = texts(Language::English);
        let mut named = BTreeSet::new();
        for file in &code {
            for call in [".say(\"", ".with(\""] {
                named.extend(file.split(call).skip(1).filter_map(|rest| rest.split('"').next()));
            }
        }
        let missing: Vec<_> = named.iter().filter(|name| !known.contains_key(**name)).collect();
        assert!(missing.is_empty(), "named in src/web but not in assets/words/en.ftl: {missing:?}");
        let is_dead = |name: &&String| !code.iter().any(|file| file.contains(&format!("\"{name}\"")));
        let dead: Vec<_> = known.keys().filter(is_dead).collect();
        assert!(dead.is_empty(), "in assets/words but named nowhere in src/web: {dead:?}");
    }

    #[test]
    fn browsers_say_what_they_like() {
        let check = |line: &'static str, language| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(line));
            assert_eq!(Language::liked(&headers), language, "{line}");
        };
        check("fr-FR,fr;q=0.9,en;q=0.8", Language::French);
        check("en-GB,en;q=0.9,fr;q=0.8", Language::English);
        check("de-DE,fr;q=0.5", Language::French);
        check("de, en;q=0.3, fr;q=0.4", Language::French);
        check("fr;q=0", Language::English);
        check("fr;q=x, *", Language::English);
        check("", Language::English);
        assert_eq!(Language::liked(&HeaderMap::new()), Language::English);
    }

    #[test]
    fn plurals_follow_the_language() {
        let seconds =
            |language: Language, count: u64| language.with("sign-in-wait", &[("seconds", count.into())]);
        assert!(seconds(Language::English, 1).contains("1 second "), "{}", seconds(Language::English, 1));
        assert!(seconds(Language::English, 0).contains("0 seconds"));
        assert!(seconds(Language::French, 0).contains("0 seconde "), "{}", seconds(Language::French, 0));
    }
}
