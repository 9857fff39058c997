//! What an operating system is, from the name a machine or a scanner prints and the version beside it.
//!
//! Names come in every language and with damaged trademark signs (`Microsoftr Windows VistaT`, `Windows(R)`); product
//! and edition come out in English, as Microsoft's own lists spell them.

use crate::editions;
use model::{Arch, Family, OsFacts};

/// Reads the name, corrected by the version (`10.0.19045`) where there is one. Unknown names give no product.
pub fn from_name(name: &str, version: Option<&str>) -> OsFacts {
    let build = version.and_then(build_of);
    let plain = plain_name(name);
    let mut facts = OsFacts {
        name: Some(collapse(name)).filter(|name| !name.is_empty()),
        version: version.map(str::to_owned),
        build,
        ..OsFacts::default()
    };
    let Some(after) = after_windows(&plain) else {
        return facts;
    };
    let (evaluation, rest) = editions::take_evaluation(after);
    facts.evaluation = evaluation || editions::take_evaluation(&plain).0;
    let found = product(&rest, build);
    facts.r2 = found.as_ref().is_some_and(|found| found.r2_of_2003);
    facts.arch = arch_in_name(&plain);
    if let Some(found) = found {
        facts.family = Some(if found.server { Family::Server } else { Family::Client });
        let classic = matches!(found.product.as_str(), "Windows XP" | "Windows Vista" | "Windows 7" | "Windows 2000");
        let printed = editions::english(&found.edition, classic);
        let edition =
            [found.special, &printed].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        facts.edition = Some(edition).filter(|edition| !edition.is_empty());
        facts.product = Some(found.product);
    } else if plain.to_ascii_lowercase().contains("server") {
        facts.family = Some(Family::Server);
    }
    facts
}

/// The product by version alone, where only one of client and server is possible.
pub fn from_version(version: &str, server: Option<bool>) -> Option<String> {
    let build = build_of(version)?;
    by_build(version, build, server).map(str::to_owned)
}

/// The third number of a version.
pub fn build_of(version: &str) -> Option<u32> {
    version.split('.').nth(2)?.parse().ok()
}

/// `Service Pack 1` in a name or a version row, `SP2` in a table.
pub fn service_pack(text: &str) -> Option<u8> {
    let lower = text.to_lowercase();
    for mark in ["service pack", "servicepack", "sp"] {
        for (at, _) in lower.match_indices(mark) {
            let starts_word =
                lower.get(..at).and_then(|before| before.chars().last()).is_none_or(|c| !c.is_alphanumeric());
            let rest = lower.get(at + mark.len()..).unwrap_or_default().trim_start();
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            if let (true, 1, Ok(number)) = (starts_word, digits.len(), digits.parse()) {
                return Some(number);
            }
        }
    }
    None
}

/// The architecture in a system type (`x64-based PC`) or in a name (`x64 Edition`), in any language.
pub fn arch(text: &str) -> Option<Arch> {
    let lower = text.to_lowercase();
    // Two words that are one, and the first of them alone is another architecture.
    if lower.contains("x86_64") || lower.contains("x86-64") {
        return Some(Arch::X64);
    }
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    for word in words {
        match word {
            "x64" | "amd64" | "em64t" => return Some(Arch::X64),
            "x86" | "i386" | "i686" | "80x86" => return Some(Arch::X86),
            "itanium" | "ia64" => return Some(Arch::Ia64),
            "arm64" | "aarch64" => return Some(Arch::Arm64),
            _ => {}
        }
    }
    let squeezed: String = lower.chars().filter(|c| c.is_alphanumeric()).collect();
    match () {
        () if squeezed.contains("64bit") || squeezed.contains("64位") || squeezed.contains("64ビット") => {
            Some(Arch::X64)
        }
        () if squeezed.contains("32bit") || squeezed.contains("32位") || squeezed.contains("32ビット") => {
            Some(Arch::X86)
        }
        () => None,
    }
}

fn arch_in_name(name: &str) -> Option<Arch> {
    arch(name)
}

/// One line, single spaces; the no-break space is a space.
pub fn collapse(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c == '\u{200e}' || c == '\u{200f}')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The name without trademark signs, whole or as a console's best fit left them.
fn plain_name(name: &str) -> String {
    let mut plain = name.to_owned();
    for sign in ["®", "™", "©", "(R)", "(r)", "(TM)", "(tm)", "(C)", "\u{fffd}"] {
        plain = plain.replace(sign, " ");
    }
    let words: Vec<&str> = plain.split_whitespace().map(restore).collect();
    words.join(" ").replace(" ,", ",")
}

/// `®` printed on a DOS code page becomes `r`, `™` becomes `T`; some pages print `c` or `?`.
fn restore(word: &str) -> &str {
    match word {
        "Microsoftr" | "MicrosoftR" | "Microsoftc" | "Microsoft?" => "Microsoft",
        "Windowsr" | "WindowsR" | "Windows?" => "Windows",
        "Serverr" | "ServerR" | "Server?" => "Server",
        "VistaT" | "Vistat" | "Vista?" => "Vista",
        "Hyper-Vr" | "Hyper-VR" | "Hyper-V?" => "Hyper-V",
        other => other,
    }
}

/// What follows the word Windows; for the few products without it (`Hyper-V Server 2012`), the product itself.
fn after_windows(plain: &str) -> Option<&str> {
    let lower = plain.to_ascii_lowercase();
    if let Some(at) = lower.find("windows") {
        return plain.get(at + "windows".len()..).map(str::trim_start);
    }
    lower.find("hyper-v server").and_then(|at| plain.get(at..))
}

struct Found {
    product: String,
    /// A family of editions that Microsoft sells as its own product: `Storage Server`, `Embedded`.
    special: &'static str,
    edition: String,
    server: bool,
    r2_of_2003: bool,
}

/// Kinds of product that are one of the systems underneath.
const SPECIAL: &[(&str, &str)] = &[
    ("unified data storage server", "Unified Data Storage Server"),
    ("storage server", "Storage Server"),
    ("for small business server", "for Small Business Server"),
    ("small business server", "Small Business Server"),
    ("essential business server", "Essential Business Server"),
    ("multipoint server", "MultiPoint Server"),
    ("hyper-v server", "Hyper-V Server"),
    ("home server", "Home Server"),
    ("compute cluster server", "Compute Cluster Server"),
    ("hpc server", "HPC Server"),
    ("web server", "Web Server"),
    ("embedded posready", "Embedded POSReady"),
    ("posready", "Embedded POSReady"),
    ("embedded", "Embedded"),
    ("fundamentals for legacy pcs", "Fundamentals for Legacy PCs"),
    ("thin pc", "Thin PC"),
];

fn product(text: &str, build: Option<u32>) -> Option<Found> {
    let text = text.trim();
    let lower = text.to_lowercase();
    if lower.len() == text.len() {
        for (mark, special) in SPECIAL {
            if let Some(at) = lower.find(mark) {
                let rest =
                    [text.get(..at), text.get(at + mark.len()..)].into_iter().flatten().collect::<Vec<_>>().join(" ");
                return special_product(&rest, special, build);
            }
        }
    }
    if let Some(rest) = strip_word(text, "server") {
        return server_product(rest, build);
    }
    client_product(text, build)
}

fn server_product(rest: &str, build: Option<u32>) -> Option<Found> {
    let rest = rest.trim_start_matches([',', ' ']);
    let found = |product: &str, edition: &str, r2_of_2003| Found {
        product: product.to_owned(),
        special: "",
        edition: edition.trim_start_matches([',', ' ']).to_owned(),
        server: true,
        r2_of_2003,
    };
    for year in ["2003", "2008", "2012", "2016", "2019", "2022", "2025"] {
        let Some(after) = strip_word(rest, year) else { continue };
        let r2 = strip_word(after, "r2");
        return Some(match (year, r2) {
            ("2003", Some(edition)) => found("Windows Server 2003", edition, true),
            ("2008" | "2012", Some(edition)) => found(&format!("Windows Server {year} R2"), edition, false),
            _ => found(&format!("Windows Server {year}"), after, false),
        });
    }
    if let Some(after) = strip_word(rest, "version") {
        let (release, edition) = after.split_once([' ', ',']).unwrap_or((after, ""));
        return Some(found(&format!("Windows Server, version {}", release.to_uppercase()), edition, false));
    }
    let (release, edition) = rest.split_once([' ', ',']).unwrap_or((rest, ""));
    if SEMI_ANNUAL.iter().any(|(_, name)| name.eq_ignore_ascii_case(release)) {
        return Some(found(&format!("Windows Server, version {}", release.to_uppercase()), edition, false));
    }
    // The semi-annual releases print no year: "Windows Server Datacenter".
    let product = build.and_then(server_by_build)?;
    Some(found(product, rest, false))
}

fn client_product(text: &str, build: Option<u32>) -> Option<Found> {
    let found = |product: String, edition: &str| Found {
        product,
        special: "",
        edition: edition.trim_start_matches([',', ' ']).to_owned(),
        server: false,
        r2_of_2003: false,
    };
    for (word, product) in [
        ("xp", "Windows XP"),
        ("vista", "Windows Vista"),
        ("8.1", "Windows 8.1"),
        ("7", "Windows 7"),
        ("8", "Windows 8"),
        ("10", "Windows 10"),
        ("11", "Windows 11"),
    ] {
        if let Some(edition) = strip_word(text, word) {
            return Some(found(product.to_owned(), edition));
        }
    }
    for (word, product) in [("2000", "Windows 2000"), ("nt", "Windows NT")] {
        if let Some(edition) = strip_word(text, word) {
            let server = edition.to_ascii_lowercase().contains("server");
            return Some(Found { server, ..found(product.to_owned(), edition) });
        }
    }
    // A product whose name we do not know is still what its build says; the words stay as the edition.
    let build = build?;
    let version = if build >= 10240 { "10.0" } else { "" };
    let product = by_build(version, build, None)?;
    Some(Found { server: product.contains("Server"), ..found(product.to_owned(), text) })
}

fn special_product(rest: &str, special: &'static str, build: Option<u32>) -> Option<Found> {
    let server = special.contains("Server");
    let words: Vec<&str> = rest.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let named = words.iter().any(|word| word.eq_ignore_ascii_case("r2"));
    let year = words.iter().copied().find(|word| word.len() == 4 && word.starts_with("20"));
    let product = match build {
        Some(build) if server => server_by_build(build)?.to_owned(),
        Some(build) => by_build(if build >= 10240 { "10.0" } else { "" }, build, Some(false))?.to_owned(),
        None if server => match (year?, named) {
            (year @ ("2008" | "2012"), true) => format!("Windows Server {year} R2"),
            (year, _) => format!("Windows Server {year}"),
        },
        None => words
            .iter()
            .find_map(|word| matches!(*word, "7" | "8" | "8.1" | "10").then(|| format!("Windows {word}")))
            .or_else(|| (year == Some("2009")).then(|| "Windows XP".to_owned()))?,
    };
    let shown: Vec<&str> = match product.strip_prefix("Windows ") {
        Some(short) => words.iter().copied().filter(|word| !short.split(' ').any(|part| part == *word)).collect(),
        None => words.clone(),
    };
    let edition = shown.into_iter().filter(|word| !word.eq_ignore_ascii_case("server")).collect::<Vec<_>>().join(" ");
    Some(Found { r2_of_2003: named && product.ends_with("2003"), product, special, edition, server })
}

/// The rest of the text when it starts with the word.
fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let head = text.get(..word.len())?;
    let rest = text.get(word.len()..)?;
    let ends = rest.chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '.');
    (head.eq_ignore_ascii_case(word) && ends).then(|| rest.trim_start())
}

/// Builds of the semi-annual server releases and their names.
const SEMI_ANNUAL: &[(u32, &str)] = &[
    (16299, "1709"),
    (17134, "1803"),
    (18362, "1903"),
    (18363, "1909"),
    (19041, "2004"),
    (19042, "20H2"),
    (25398, "23H2"),
];

fn server_by_build(build: u32) -> Option<&'static str> {
    Some(match build {
        3790 => "Windows Server 2003",
        6001..=6003 => "Windows Server 2008",
        7600 | 7601 => "Windows Server 2008 R2",
        9200 => "Windows Server 2012",
        9600 => "Windows Server 2012 R2",
        14393 => "Windows Server 2016",
        17763 => "Windows Server 2019",
        20348 => "Windows Server 2022",
        26100 => "Windows Server 2025",
        16299 => "Windows Server, version 1709",
        17134 => "Windows Server, version 1803",
        18362 => "Windows Server, version 1903",
        18363 => "Windows Server, version 1909",
        19041 => "Windows Server, version 2004",
        19042 => "Windows Server, version 20H2",
        25398 => "Windows Server, version 23H2",
        _ => return None,
    })
}

fn by_build(version: &str, build: u32, server: Option<bool>) -> Option<&'static str> {
    if server == Some(true) {
        return server_by_build(build);
    }
    let client = match build {
        1381 => "Windows NT",
        2195 => "Windows 2000",
        2600 => "Windows XP",
        // 5.2.3790 is Server 2003 and XP x64.
        3790 => return (server == Some(false)).then_some("Windows XP"),
        6000 => "Windows Vista",
        6001..=6003 if server == Some(false) => "Windows Vista",
        7600 | 7601 if server == Some(false) => "Windows 7",
        9200 if server == Some(false) => "Windows 8",
        9600 if server == Some(false) => "Windows 8.1",
        10240..=19999 if version.starts_with("10.") && (server == Some(false) || server_by_build(build).is_none()) => {
            "Windows 10"
        }
        22000.. if version.starts_with("10.") && (server == Some(false) || server_by_build(build).is_none()) => {
            "Windows 11"
        }
        _ => return server.is_none().then(|| server_only(build)).flatten(),
    };
    Some(client)
}

/// Builds that only a server has.
fn server_only(build: u32) -> Option<&'static str> {
    (build == 20348 || build == 25398).then(|| server_by_build(build)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, version: &str, want: &str) {
        let facts = from_name(name, Some(version).filter(|version| !version.is_empty()));
        let got = format!(
            "{} | {} | {}{}",
            facts.product.as_deref().unwrap_or("?"),
            facts.edition.as_deref().unwrap_or("-"),
            facts.family.map_or("?", |family| if family == Family::Server { "server" } else { "client" }),
            if facts.evaluation { " evaluation" } else { "" },
        );
        assert_eq!(got, want, "{name} {version}");
    }

    #[test]
    fn architectures_are_told_by_any_of_their_names() {
        for (text, want) in [
            ("x86_64", Some(Arch::X64)),
            ("Linux 5.10 x86-64", Some(Arch::X64)),
            ("amd64", Some(Arch::X64)),
            ("x86", Some(Arch::X86)),
            ("i686", Some(Arch::X86)),
            ("aarch64", Some(Arch::Arm64)),
            ("loongarch64", None),
        ] {
            assert_eq!(arch(text), want, "{text}");
        }
    }

    #[test]
    fn english_names() {
        check("Microsoft Windows XP Professional", "5.1.2600", "Windows XP | Professional | client");
        check("Microsoft Windows XP Home Edition", "5.1.2600", "Windows XP | Home | client");
        check(
            "Microsoft(R) Windows(R) XP Professional x64 Edition",
            "5.2.3790",
            "Windows XP | Professional x64 Edition | client",
        );
        check(
            "Microsoft(R) Windows(R) Server 2003, Standard Edition",
            "5.2.3790",
            "Windows Server 2003 | Standard | server",
        );
        check("Microsoft Windows 2000 Professional", "5.0.2195", "Windows 2000 | Professional | client");
        check("Microsoft Windows 2000 Advanced Server", "5.0.2195", "Windows 2000 | Advanced Server | server");
        check("Microsoftr Windows VistaT Enterprise ", "6.0.6001", "Windows Vista | Enterprise | client");
        check("Microsoft® Windows Vista™ Home Premium", "6.0.6002", "Windows Vista | Home Premium | client");
        check("Microsoftr Windows Serverr 2008 Standard ", "6.0.6001", "Windows Server 2008 | Standard | server");
        check(
            "Microsoft Windows Server 2008 R2 Enterprise ",
            "6.1.7601",
            "Windows Server 2008 R2 | Enterprise | server",
        );
        check("Microsoft Windows 8 Pro", "6.2.9200", "Windows 8 | Pro | client");
        check("Microsoft Windows 8.1 Enterprise", "6.3.9600", "Windows 8.1 | Enterprise | client");
        check("Microsoft Windows 8.1", "6.3.9600", "Windows 8.1 | - | client");
        check(
            "Microsoft Windows Server 2012 R2 Standard Evaluation",
            "6.3.9600",
            "Windows Server 2012 R2 | Standard | server evaluation",
        );
        check("Microsoft Windows 10 Pro for Workstations", "10.0.17134", "Windows 10 | Pro for Workstations | client");
        check("Microsoft Windows 10 Enterprise 2016 LTSB", "10.0.14393", "Windows 10 | Enterprise 2016 LTSB | client");
        check("Microsoft Windows 11 Home Single Language", "10.0.22631", "Windows 11 | Home Single Language | client");
        check("Microsoft Windows Server 2025 Datacenter", "10.0.26100", "Windows Server 2025 | Datacenter | server");
        check(
            "Microsoft Windows Server Datacenter",
            "10.0.19042",
            "Windows Server, version 20H2 | Datacenter | server",
        );
        check("Windows Server, version 20H2 Standard", "", "Windows Server, version 20H2 | Standard | server");
    }

    #[test]
    fn products_under_another_name_are_the_system_underneath() {
        check("Microsoft Hyper-V Server 2012 R2", "6.3.9600", "Windows Server 2012 R2 | Hyper-V Server | server");
        check(
            "Microsoft Windows Storage Server 2008 R2 Standard",
            "6.1.7601",
            "Windows Server 2008 R2 | Storage Server Standard | server",
        );
        check(
            "Microsoft Windows Small Business Server 2011 Standard",
            "6.1.7601",
            "Windows Server 2008 R2 | Small Business Server 2011 Standard | server",
        );
        check("Windows Embedded Standard", "6.1.7601", "Windows 7 | Embedded Standard | client");
        check("Windows Embedded POSReady 2009", "5.1.2600", "Windows XP | Embedded POSReady 2009 | client");
        check("Windows Embedded 8.1 Industry Pro", "6.3.9600", "Windows 8.1 | Embedded Industry Pro | client");
        check("Microsoft Windows 10 IoT Enterprise LTSC", "10.0.17763", "Windows 10 | IoT Enterprise LTSC | client");
    }

    #[test]
    fn localised_names() {
        check("Microsoft Windows\u{a0}7 Entreprise N ", "6.1.7601", "Windows 7 | Enterprise N | client");
        check("Microsoft Windows 7 Édition Familiale Premium", "6.1.7601", "Windows 7 | Home Premium | client");
        check("Microsoft Windows 10 Professionnel", "10.0.17763", "Windows 10 | Pro | client");
        check("Microsoft Windows 10 Famille", "10.0.17763", "Windows 10 | Home | client");
        check("Microsoft Windows 10 企业版 LTSC", "10.0.17763", "Windows 10 | Enterprise LTSC | client");
        check("Microsoft Windows 10 专业版", "10.0.19045", "Windows 10 | Pro | client");
        check("Microsoft Windows 7 专业版 ", "6.1.7601", "Windows 7 | Professional | client");
        check("Microsoft Windows 7 旗舰版 ", "6.1.7601", "Windows 7 | Ultimate | client");
        check("Microsoft Windows 10 家庭中文版", "10.0.19045", "Windows 10 | Home China | client");
        check("Microsoft Windows 10 教育版", "10.0.19045", "Windows 10 | Education | client");
        check("Майкрософт Windows 7 Профессиональная", "6.1.7601", "Windows 7 | Professional | client");
        check("Майкрософт Windows 10 Корпоративная", "10.0.17763", "Windows 10 | Enterprise | client");
        check("Майкрософт Windows 7 Домашняя расширенная", "6.1.7601", "Windows 7 | Home Premium | client");
        check(
            "Майкрософт Ознакомительная версия Windows Server 2012 R2 Standard",
            "6.3.9600",
            "Windows Server 2012 R2 | Standard | server evaluation",
        );
        check("Microsoft Windows 10 Corporativo", "10.0.17763", "Windows 10 | Enterprise | client");
        check("Microsoft Windows 7 Profesional", "6.1.7601", "Windows 7 | Professional | client");
        check("Microsoft Windows 10 企業版", "10.0.17763", "Windows 10 | Enterprise | client");
    }

    #[test]
    fn a_service_pack_is_a_single_digit_after_its_words() {
        assert_eq!(service_pack("6.1.7601 Service Pack 1 version 7601"), Some(1));
        assert_eq!(service_pack("5.1.2600 Dodatek Service Pack 3 Build 2600"), Some(3));
        assert_eq!(service_pack("Windows 7 SP1"), Some(1));
        assert_eq!(service_pack("10.0.17134 N/A Build 17134"), None);
        assert_eq!(service_pack("wasp 12"), None);
    }

    #[test]
    fn an_architecture_is_read_in_any_language() {
        for (text, want) in [
            ("x64-based PC", Some(Arch::X64)),
            ("X86-based PC", Some(Arch::X86)),
            ("PC basado en x64", Some(Arch::X64)),
            ("x64-basierter PC", Some(Arch::X64)),
            ("基于 x64 的电脑", Some(Arch::X64)),
            ("Itanium-based PC", Some(Arch::Ia64)),
            ("ARM64-based PC", Some(Arch::Arm64)),
            ("64 位操作系统", Some(Arch::X64)),
            ("VMware7,1", None),
        ] {
            assert_eq!(arch(text), want, "{text}");
        }
    }
}
