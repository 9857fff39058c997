//! What `systeminfo` says in which language: the words of a role, and the labels that tell the language.
//!
//! Facts are read by position and value; these words only give the role its meaning and the language its name. A word
//! list that lacks a language costs that language's name, not its facts.

use super::labels::LABELS;
use model::Role;

/// The role in the value of "OS Configuration", in any language the stems below know.
pub fn role(value: &str) -> Option<Role> {
    let text = lower(value);
    let any = |stems: &[&str]| stems.iter().any(|stem| text.contains(stem));
    if any(CONTROLLER) {
        return Some(if any(BACKUP) || !any(PRIMARY) {
            Role::BackupDomainController
        } else {
            Role::PrimaryDomainController
        });
    }
    let standalone = any(STANDALONE);
    let member = !standalone && any(MEMBER);
    if any(WORKSTATION) {
        return match (standalone, member) {
            (true, _) => Some(Role::StandaloneWorkstation),
            (_, true) => Some(Role::MemberWorkstation),
            _ => None,
        };
    }
    if any(SERVER) {
        return match (standalone, member) {
            (true, _) => Some(Role::StandaloneServer),
            (_, true) => Some(Role::MemberServer),
            _ => None,
        };
    }
    None
}

/// Lower case in which the Turkish `İ` is a plain `i`; Rust leaves a combining dot behind it.
fn lower(text: &str) -> String {
    text.to_lowercase().replace("i\u{307}", "i")
}

const CONTROLLER: &[&str] = &[
    "domain controller",
    "domänencontroller",
    "domänen-controller",
    "controlador de dominio",
    "controlador de domínio",
    "contrôleur",
    "controller di dominio",
    "domeincontroller",
    "контроллер",
    "контролер",
    "域控制器",
    "網域控制站",
    "ドメイン コントローラ",
    "ドメインコントローラ",
    "도메인 컨트롤러",
    "kontroler domeny",
    "řadič",
    "radič",
    "denetleyici",
    "tartományvezérlő",
    "domänkontrollant",
    "domænecontroller",
    "domenekontroller",
    "ohjauskone",
    "ελεγκτής",
    "בקר",
    "تحكم",
    "ตัวควบคุมโดเมน",
    "controler de domeniu",
    "bộ điều khiển miền",
    "kontroler",
    "krmilnik",
    "domeenikontroller",
    "domēna kontrol",
    "domeno valdikl",
    "srities valdikl",
];
const BACKUP: &[&str] = &[
    "backup",
    "back-up",
    "additional",
    "reserve",
    "sicherung",
    "zusätzlich",
    "reserva",
    "seguridad",
    "secundari",
    "secondaire",
    "sauvegarde",
    "secours",
    "supplémentaire",
    "adicional",
    "резерв",
    "备份",
    "后备",
    "额外",
    "備份",
    "備援",
    "後備",
    "バックアップ",
    "백업",
    "zapas",
    "zálož",
    "zálož",
    "yedek",
    "tartalék",
    "sekunda",
    "varatoim",
    "vara-",
    "varmuus",
    "εφεδρ",
    "αντίγραφ",
    "גיבוי",
    "احتياطي",
    "สำรอง",
    "rezerv",
    "reserv",
    "sekund",
    "säkerhetskop",
    "másodlag",
    "toissij",
    "varaohj",
    "varmist",
    "備用",
    "备用",
    "atsargin",
    "varu",
];
const PRIMARY: &[&str] = &[
    "primary",
    "primär",
    "principal",
    "primari",
    "primair",
    "primár",
    "primár",
    "основн",
    "первичн",
    "主",
    "プライマリ",
    "주 도메인",
    "기본",
    "podstawow",
    "główn",
    "primárn",
    "birincil",
    "elsődleges",
    "primær",
    "ensisijai",
    "κύριο",
    "κύρι",
    "πρωτεύ",
    "ראשי",
    "أساسي",
    "رئيسي",
    "หลัก",
    "prymarn",
    "chính",
    "primarn",
    "pirmin",
    "pagrindin",
    "esmane",
    "primaar",
    "primār",
    "elsődl",
    "základn",
    "předn",
    "головн",
];
const WORKSTATION: &[&str] = &[
    "workstation",
    "arbeitsstation",
    "estación de trabajo",
    "station de travail",
    "estação de trabalho",
    "werkstation",
    "рабочая станция",
    "робоча станція",
    "工作站",
    "ワークステーション",
    "워크스테이션",
    "stacja robocza",
    "stanice",
    "stanica",
    "iş istasyonu",
    "munkaállomás",
    "arbetsstation",
    "arbejdsstation",
    "arbeidsstasjon",
    "työasema",
    "σταθμός",
    "stație",
    "staţie",
    "תחנת עבודה",
    "محطة",
    "เวิร์กสเตชัน",
    "radna stanica",
    "delovna postaja",
    "máy trạm",
    "робоча",
    "работна станция",
    "สถานีงาน",
    "เวิร์กสเตชั่น",
    "tööjaam",
    "darbstacij",
    "darba stacij",
    "darbo stot",
    "stazione di lavoro",
    "posto de trabalho",
    "pracovná",
    "pracovní",
];
const SERVER: &[&str] = &[
    "server",
    "servidor",
    "serveur",
    "сервер",
    "服务器",
    "伺服器",
    "サーバ",
    "서버",
    "serwer",
    "sunucu",
    "kiszolgáló",
    "palvelin",
    "διακομιστής",
    "שרת",
    "خادم",
    "ملقم",
    "เซิร์ฟเวอร์",
    "poslužitelj",
    "strežnik",
    "máy chủ",
    "сървър",
    "poslužitel",
    "serveris",
];
const MEMBER: &[&str] = &[
    "member",
    "mitglied",
    "miembro",
    "membre",
    "membro",
    "lid",
    "рядов",
    "член",
    "成员",
    "成員",
    "メンバ",
    "구성원",
    "멤버",
    "członk",
    "člen",
    "üye",
    "tartományi",
    "tagkisz",
    "tagmunka",
    "tag-",
    "tagja",
    "medlem",
    "jäsen",
    "μέλο",
    "μέλ",
    "חבר",
    "عضو",
    "สมาชิก",
    "membru",
    "član",
    "domäne",
    "thành viên",
    "należąc",
    "tag munka",
    "membr",
    "liikme",
    "liige",
    "dalībniek",
    "narys",
    "narė",
    "nari",
    "учасник",
    "участник",
];
const STANDALONE: &[&str] = &[
    "standalone",
    "stand-alone",
    "eigenständig",
    "alleinstehend",
    "independ",
    "autonom",
    "autônom",
    "autónom",
    "isolé",
    "indépend",
    "zelfstandig",
    "изолирован",
    "автоном",
    "отдельн",
    "独立",
    "獨立",
    "スタンドアロン",
    "스탠드얼론",
    "독립",
    "samostatn",
    "samostojn",
    "samostaln",
    "tek başına",
    "bağımsız",
    "önálló",
    "fristående",
    "enkeltstående",
    "selvstændig",
    "frittstående",
    "itsenäinen",
    "erillinen",
    "αυτόνομ",
    "μεμονωμέν",
    "עצמאי",
    "מקומי",
    "مستقل",
    "แบบสแตนด์อโลน",
    "niezależn",
    "wolnostojąc",
    "độc lập",
    "separat",
    "isoleret",
    "isolert",
    "isolerad",
    "ізольован",
    "окрем",
    "самостоятел",
    "สแตนด์อ",
    "เอกเทศ",
    "eraldi",
    "iseseisev",
    "autonoom",
    "savrup",
    "atskir",
    "izolovan",
    "samodzieln",
    "losstaand",
    "alleenstaand",
];

/// The language of the labels: by the labels themselves, then by their script, then by the system's locale.
pub fn language<'a>(labels: impl Iterator<Item = &'a str> + Clone, locale: Option<&str>) -> Option<String> {
    let mut counts = [0u32; LABELS.len()];
    for label in labels.clone().take(40) {
        let label = lower(label);
        for (count, (_, words)) in counts.iter_mut().zip(LABELS) {
            *count += u32::from(words.contains(&label.as_str()));
        }
    }
    let best = counts.iter().zip(LABELS).filter(|(count, _)| **count > 0).max_by_key(|(count, _)| **count);
    if let Some((_, (language, _))) = best {
        return Some((*language).to_owned());
    }
    by_script(labels, locale).or_else(|| locale.map(of_locale))
}

/// The name of a locale's language: `de-at` is de; Chinese keeps its region, because the script depends on it.
pub fn of_locale(locale: &str) -> String {
    let (language, region) = locale.split_once('-').unwrap_or((locale, ""));
    match (language, region) {
        ("zh", "tw" | "hk" | "mo" | "hant") => "zh-tw".to_owned(),
        ("zh", _) => "zh-cn".to_owned(),
        _ => language.to_owned(),
    }
}

fn by_script<'a>(labels: impl Iterator<Item = &'a str>, locale: Option<&str>) -> Option<String> {
    let mut han = false;
    let mut found = None;
    for character in labels.take(40).flat_map(str::chars) {
        match character {
            '\u{3040}'..='\u{30ff}' => found = Some("ja"),
            '\u{ac00}'..='\u{d7a3}' => found = Some("ko"),
            '\u{370}'..='\u{3ff}' => found = found.or(Some("el")),
            'і' | 'ї' | 'є' | 'І' | 'Ї' | 'Є' => found = Some("uk"),
            '\u{400}'..='\u{4ff}' => found = found.or(Some("ru")),
            '\u{590}'..='\u{5ff}' => found = found.or(Some("he")),
            '\u{600}'..='\u{6ff}' => found = found.or(Some("ar")),
            '\u{e00}'..='\u{e7f}' => found = found.or(Some("th")),
            '\u{4e00}'..='\u{9fff}' => han = true,
            _ => {}
        }
    }
    let named = locale.map(of_locale);
    match found {
        // The locale may say more of the script: Bulgarian is Cyrillic too.
        Some("ru") if named.as_deref().is_some_and(|l| matches!(l, "bg" | "sr" | "uk" | "be" | "kk")) => named,
        Some(language) => Some(language.to_owned()),
        None if han => named.filter(|l| l == "zh-tw" || l == "ja").or_else(|| Some("zh-cn".to_owned())),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_understood_in_many_languages() {
        for (role_text, want) in [
            ("Standalone Workstation", Role::StandaloneWorkstation),
            ("Member Workstation", Role::MemberWorkstation),
            ("Primary Domain Controller", Role::PrimaryDomainController),
            ("Additional/Backup Domain Controller", Role::BackupDomainController),
            ("独立工作站", Role::StandaloneWorkstation),
            ("成员服务器", Role::MemberServer),
            ("主域控制器", Role::PrimaryDomainController),
            ("備份網域控制站", Role::BackupDomainController),
            ("Station de travail autonome", Role::StandaloneWorkstation),
            ("Serveur membre", Role::MemberServer),
            ("Eigenständige Arbeitsstation", Role::StandaloneWorkstation),
            ("Mitgliedsserver", Role::MemberServer),
            ("Mitglied der Domäne Arbeitsstation", Role::MemberWorkstation),
            ("Primärer Domänencontroller", Role::PrimaryDomainController),
            ("Estación de trabajo independiente", Role::StandaloneWorkstation),
            ("Servidor miembro", Role::MemberServer),
            ("Estação de trabalho autônoma", Role::StandaloneWorkstation),
            ("Controlador de domínio primário", Role::PrimaryDomainController),
            ("Zelfstandig werkstation", Role::StandaloneWorkstation),
            ("Lidserver", Role::MemberServer),
            ("Workstation autonoma", Role::StandaloneWorkstation),
            ("Изолированная рабочая станция", Role::StandaloneWorkstation),
            ("Рядовой сервер", Role::MemberServer),
            ("Основной контроллер домена", Role::PrimaryDomainController),
            ("Резервный контроллер домена", Role::BackupDomainController),
            ("スタンドアロン ワークステーション", Role::StandaloneWorkstation),
            ("プライマリ ドメイン コントローラー", Role::PrimaryDomainController),
            ("독립 실행형 서버", Role::StandaloneServer),
            ("Autonomiczna stacja robocza", Role::StandaloneWorkstation),
            ("Samostatný server", Role::StandaloneServer),
            ("Tek Başına Sunucu", Role::StandaloneServer),
            ("Önálló munkaállomás", Role::StandaloneWorkstation),
        ] {
            assert_eq!(role(role_text), Some(want), "{role_text}");
        }
        assert_eq!(role("Multiprocessor Free"), None);
        assert_eq!(role("Microsoft Corporation"), None);
    }

    #[test]
    fn the_language_is_that_of_the_labels_not_of_the_locale() {
        let check = |labels: &[&str], locale, want: &str| {
            assert_eq!(language(labels.iter().copied(), locale).as_deref(), Some(want), "{labels:?}");
        };
        check(&["Host Name", "OS Name"], Some("zh-cn"), "en");
        check(&["Hostname", "Betriebssystemname"], Some("en-us"), "de");
        check(&["主機名稱", "作業系統名稱"], None, "zh-tw");
        check(&["ホスト名", "OS 名"], None, "ja");
        check(&["Ім'я", "Щось"], None, "uk");
        check(&["unheard", "of"], Some("vi-vn"), "vi");
    }
}
