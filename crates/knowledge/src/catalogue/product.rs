//! Product names of the Microsoft catalogue, taken apart: `Internet Explorer 11 on Windows 7 for x64-based Systems
//! Service Pack 1` is a component on a system.
//!
//! The names come in several spellings (`systems`/`Systems`, `Version`/`version`, trailing blanks, `Microsoft Windows
//! XP Professional x64 Edition`), so everything is compared in lower case with single blanks.

use model::Arch;

/// What a product name says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProductName {
    /// What has to be installed on the system for the product to be there; `None` for the system itself.
    pub component: Option<String>,
    /// The system, when the name is of one or of something on one.
    pub system: Option<SystemName>,
}

/// A Windows system as the catalogue names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct SystemName {
    /// `windows 7`, `windows server 2012 r2`, `windows server` for the half-yearly releases.
    pub product: String,
    /// `1607`, `21h2`; `None` where the product has one release.
    pub release: Option<String>,
    /// `None` where the name says nothing and the system has one architecture.
    pub arch: Option<Arch>,
    /// 0 when the name says nothing.
    pub service_pack: u8,
    pub core: bool,
    pub variant: Option<Variant>,
}

/// Editions that the catalogue lists beside the plain system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Variant {
    HoloLens,
    MediaCenter,
    TabletPc,
    AzureEdition,
}

/// The name without the dirt, in the case it came in.
pub fn tidy(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Takes a product name apart.
pub fn parse(name: &str) -> ProductName {
    let name = tidy(name);
    let lower = name.to_lowercase();
    if let Some(system) = system(&lower) {
        return ProductName { component: None, system: Some(system) };
    }
    for (at, _) in lower.rmatch_indices(" on ") {
        // What follows is ASCII if it is a system, so it is as long in the name as in lower case.
        let right = &lower[at + 4..];
        let left = name.len().checked_sub(right.len() + 4).and_then(|end| name.get(..end));
        if let (Some(system), Some(left)) = (system(right), left) {
            return ProductName { component: Some(component(left)), system: Some(system) };
        }
    }
    ProductName { component: Some(name), system: None }
}

/// The release of a client build, by the version table Microsoft publishes with each release.
pub fn release_of_build(build: u32) -> Option<&'static str> {
    Some(match build {
        10240 => "1507",
        10586 => "1511",
        14393 => "1607",
        15063 => "1703",
        16299 => "1709",
        17134 => "1803",
        17763 => "1809",
        18362 => "1903",
        18363 => "1909",
        19041 => "2004",
        19042 => "20h2",
        19043 => "21h1",
        19044 | 20348 | 22000 => "21h2",
        19045 | 22621 => "22h2",
        22631 | 25398 => "23h2",
        26100 => "24h2",
        26200 => "25h2",
        28000 => "26h1",
        _ => return None,
    })
}

fn component(left: &str) -> String {
    let cut = [" when installed", " installed"].into_iter().find_map(|tail| left.strip_suffix(tail));
    cut.unwrap_or(left).to_owned()
}

/// Reads a system name in lower case with single blanks.
fn system(lower: &str) -> Option<SystemName> {
    let mut rest = lower.strip_prefix("microsoft ").unwrap_or(lower).strip_prefix("windows ")?.to_owned();
    let mut name = SystemName::default();
    if let Some(at) = rest.find(" - extra") {
        rest.truncate(at);
    }
    name.core = cut(&mut rest, "(server core installation)");
    name.service_pack = cut_service_pack(&mut rest);
    for (words, arch) in ARCHITECTURES {
        if cut(&mut rest, words) {
            name.arch = Some(*arch);
        }
    }
    for (words, variant) in VARIANTS {
        if cut(&mut rest, words) {
            name.variant = Some(*variant);
        }
    }
    cut(&mut rest, "professional");
    let (product, release) = product(rest.trim())?;
    name.arch = name.arch.or_else(|| unspoken_arch(&product));
    name.product = product;
    name.release = release;
    Some(name)
}

const ARCHITECTURES: &[(&str, Arch)] = &[
    ("for x64-based systems", Arch::X64),
    ("for 32-bit systems", Arch::X86),
    ("for arm64-based systems", Arch::Arm64),
    ("for arm systems", Arch::Arm64),
    ("for itanium-based systems", Arch::Ia64),
    ("x64 edition", Arch::X64),
];

const VARIANTS: &[(&str, Variant)] = &[
    ("for hololens", Variant::HoloLens),
    ("media center edition 2005", Variant::MediaCenter),
    ("tablet pc edition 2005", Variant::TabletPc),
    ("datacenter: azure edition", Variant::AzureEdition),
];

/// Removes words from the text and says whether they were there.
fn cut(text: &mut String, words: &str) -> bool {
    let Some(at) = text.find(words) else { return false };
    text.replace_range(at..at + words.len(), "");
    *text = tidy(text);
    true
}

fn cut_service_pack(text: &mut String) -> u8 {
    const WORDS: &str = "service pack ";
    let Some(at) = text.find(WORDS) else { return 0 };
    let digits: String = text[at + WORDS.len()..].chars().take_while(char::is_ascii_digit).collect();
    let Ok(number) = digits.parse() else { return 0 };
    text.replace_range(at..at + WORDS.len() + digits.len(), "");
    *text = tidy(text);
    number
}

/// `10 version 1607` -> (`windows 10`, `1607`); `None` for what is no system (`defender`, `admin center`).
fn product(rest: &str) -> Option<(String, Option<String>)> {
    if let Some(server) = rest.strip_prefix("server") {
        return server_product(server.trim_start());
    }
    let (number, release) = match rest.split_once(" version ") {
        Some((number, release)) if is_release(release) => (number, Some(release.to_owned())),
        Some(_) => return None,
        None => (rest, None),
    };
    let release = match (number, release) {
        ("10", None) => Some("1507".to_owned()),
        ("11", None) => Some("21h2".to_owned()),
        (_, release) => release,
    };
    let known = matches!(number, "7" | "8" | "8.1" | "rt" | "rt 8.1" | "vista" | "xp" | "2000");
    let numbered = number.len() == 2 && number.bytes().all(|b| b.is_ascii_digit());
    (known || numbered).then(|| (format!("windows {number}"), release))
}

fn server_product(rest: &str) -> Option<(String, Option<String>)> {
    let half_yearly = rest.strip_prefix(", version ").or_else(|| rest.strip_prefix("version "));
    if let Some(release) = half_yearly {
        return is_release(release).then(|| ("windows server".to_owned(), Some(release.to_owned())));
    }
    if let Some((_, edition)) = rest.split_once(", ") {
        let release = edition.strip_suffix(" edition")?;
        return is_release(release).then(|| ("windows server".to_owned(), Some(release.to_owned())));
    }
    let year = rest.strip_suffix(" r2").unwrap_or(rest);
    let good = year.len() == 4 && year.starts_with("20") && year.bytes().all(|b| b.is_ascii_digit());
    if rest.is_empty() {
        return Some(("windows server".to_owned(), None));
    }
    good.then(|| (format!("windows server {rest}"), None))
}

/// `1607` or `21h2`.
fn is_release(text: &str) -> bool {
    text.len() == 4 && text.bytes().enumerate().all(|(at, b)| b.is_ascii_digit() || (at == 2 && b == b'h'))
}

/// The old names say the architecture only when it is not the 32-bit one.
fn unspoken_arch(product: &str) -> Option<Arch> {
    match product {
        "windows 2000" | "windows xp" | "windows vista" | "windows server 2003" | "windows server 2003 r2" => {
            Some(Arch::X86)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(name: &str, expect: Expect) {
        let parsed = parse(name);
        let mut text = String::new();
        if let Some(component) = &parsed.component {
            text += &format!("[{component}] ");
        }
        if let Some(system) = &parsed.system {
            text += &system.product;
            text += &system.release.as_ref().map(|release| format!(" {release}")).unwrap_or_default();
            text += &system.arch.map(|arch| format!(" {arch:?}")).unwrap_or_default();
            text += &format!(" sp{}", system.service_pack);
            text += if system.core { " core" } else { "" };
            text += &system.variant.map(|variant| format!(" {variant:?}")).unwrap_or_default();
        }
        expect.assert_eq(&text);
    }

    #[test]
    fn a_system_is_read_in_every_spelling() {
        check("Windows 7 for x64-based Systems Service Pack 1", expect!["windows 7 X64 sp1"]);
        check("Windows 10 Version 1607 for 32-bit Systems  ", expect!["windows 10 1607 X86 sp0"]);
        check("Windows 10 for x64-based Systems", expect!["windows 10 1507 X64 sp0"]);
        check("Windows 10 Version 1607 for HoloLens", expect!["windows 10 1607 sp0 HoloLens"]);
        check("Windows 11 version 21H2 for ARM64-based Systems", expect!["windows 11 21h2 Arm64 sp0"]);
        check("Windows 11 Version 26H1 for x64-based Systems - extra", expect!["windows 11 26h1 X64 sp0"]);
        check("Windows 8.1 for 32-bit systems", expect!["windows 8.1 X86 sp0"]);
        check("Microsoft Windows XP Professional x64 Edition Service Pack 2", expect!["windows xp X64 sp2"]);
        check("Microsoft Windows XP Tablet PC Edition 2005", expect!["windows xp X86 sp0 TabletPc"]);
        check("Windows Vista x64 Edition Service Pack 1", expect!["windows vista X64 sp1"]);
        check("Windows Vista", expect!["windows vista X86 sp0"]);
        check("Windows Server 2003 R2 Service Pack 2", expect!["windows server 2003 r2 X86 sp2"]);
        check("Windows Server 2003 R2 x64 Edition Service Pack 2", expect!["windows server 2003 r2 X64 sp2"]);
        check(
            "Windows Server 2008 R2 for Itanium-Based Systems Service Pack 1",
            expect!["windows server 2008 r2 Ia64 sp1"],
        );
        check("Windows Server 2012 R2 (server core installation)", expect!["windows server 2012 r2 sp0 core"]);
        check("Windows Server, version 1709 (Server Core Installation)", expect!["windows server 1709 sp0 core"]);
        check("Windows Server 2022, 23H2 Edition (Server Core installation)", expect!["windows server 23h2 sp0 core"]);
        check("Windows RT 8.1", expect!["windows rt 8.1 sp0"]);
    }

    #[test]
    fn a_component_on_a_system_keeps_both() {
        check(
            "Internet Explorer 11 on Windows 7 for x64-based Systems Service Pack 1",
            expect!["[Internet Explorer 11] windows 7 X64 sp1"],
        );
        check(
            "Microsoft .NET Framework 3.5 AND 4.8 on Windows Server 2019 (Server Core installation)",
            expect!["[Microsoft .NET Framework 3.5 AND 4.8] windows server 2019 sp0 core"],
        );
    }

    #[test]
    fn what_is_no_system_is_a_component_of_nothing() {
        for name in ["Windows Defender", "Windows 10 HLK Version 22H2", "Windows ADK for Windows 10, version 1607"] {
            assert_eq!(parse(name).system, None, "{name}");
        }
        check(
            "Microsoft Office 2010 Service Pack 2 (32-bit editions)",
            expect![["[Microsoft Office 2010 Service Pack 2 (32-bit editions)] "]],
        );
        check("İ on Windows 7 for x64-based Systems", expect!["[İ] windows 7 X64 sp0"]);
    }
}
