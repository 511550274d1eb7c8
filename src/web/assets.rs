//! The style sheet, the script and the icon, embedded. *Pure.* Called by `views::layout` and `routes::assets`.

use std::sync::LazyLock;

/// One embedded file.
#[derive(Debug)]
pub(super) struct Asset {
    pub(super) name: &'static str,
    pub(super) media_type: &'static str,
    pub(super) body: &'static str,
    /// Names the content.
    pub(super) tag: String,
}

impl Asset {
    fn new(name: &'static str, media_type: &'static str, body: &'static str) -> Self {
        let tag = blake3::hash(body.as_bytes()).to_hex().chars().take(16).collect();
        Self { name, media_type, body, tag }
    }

    /// The address of this very content: browsers may keep it for ever.
    pub(super) fn path(&self) -> String {
        format!("/assets/{}?v={}", self.name, self.tag)
    }
}

/// How everything looks.
pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("style.css", "text/css; charset=utf-8", include_str!("../../assets/style.css"))
});

/// The one script.
pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("live.js", "text/javascript; charset=utf-8", include_str!("../../assets/live.js"))
});

/// The icon of the browser's tab.
pub(super) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon.svg", "image/svg+xml", include_str!("../../assets/icon.svg")));

/// The asset of that name.
pub(super) fn by_name(name: &str) -> Option<&'static Asset> {
    [&*STYLE, &*SCRIPT, &*ICON].into_iter().find(|asset| asset.name == name)
}
