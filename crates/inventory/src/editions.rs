//! Windows editions in the languages Windows prints them in, and their English names.

/// Words for "evaluation copy"; they are no part of the edition.
const EVALUATION: &[&str] = &[
    "evaluation version",
    "evaluation copy",
    "evaluation",
    "ознакомительная версия",
    "пробная версия",
    "оценочная версия",
    "评估版",
    "评估",
    "評估版",
    "評価版",
    "평가판",
    "version d'évaluation",
    "version d’évaluation",
    "évaluation",
    "testversion",
    "evaluierung",
    "evaluierungsversion",
    "versión de evaluación",
    "evaluación",
    "versão de avaliação",
    "avaliação",
    "versione di valutazione",
    "valutazione",
    "evaluatieversie",
    "evaluatie",
    "wersja ewaluacyjna",
    "wersja próbna",
    "zkušební verze",
    "değerlendirme",
];

/// Localised editions, longest first where one contains another. `{pro}` is Professional up to Windows 7, then Pro.
const EDITIONS: &[(&str, &str)] = &[
    // Chinese, simplified
    ("专业工作站版", "Pro for Workstations"),
    ("专业教育版", "Pro Education"),
    ("家庭单语言版", "Home Single Language"),
    ("单语言版", "Single Language"),
    ("家庭中文版", "Home China"),
    ("中文版", "China"),
    ("家庭高级版", "Home Premium"),
    ("家庭普通版", "Home Basic"),
    ("家庭版", "Home"),
    ("企业版", "Enterprise"),
    ("企業版", "Enterprise"),
    ("专业版", "{pro}"),
    ("旗舰版", "Ultimate"),
    ("教育版", "Education"),
    ("简易版", "Starter"),
    ("初级版", "Starter"),
    ("标准版", "Standard"),
    ("数据中心版", "Datacenter"),
    ("基础版", "Foundation"),
    ("核心版", "Core"),
    ("物联网", "IoT"),
    ("长期服务渠道", "LTSC"),
    ("长期服务版", "LTSB"),
    // Chinese, traditional
    ("專業工作站版", "Pro for Workstations"),
    ("專業教育版", "Pro Education"),
    ("家用單一語言版", "Home Single Language"),
    ("家用進階版", "Home Premium"),
    ("家用入門版", "Home Basic"),
    ("家用版", "Home"),
    ("專業版", "{pro}"),
    ("旗艦版", "Ultimate"),
    ("入門版", "Starter"),
    ("標準版", "Standard"),
    ("資料中心版", "Datacenter"),
    // Russian, Ukrainian
    ("домашняя расширенная", "Home Premium"),
    ("домашняя базовая", "Home Basic"),
    ("домашняя для одного языка", "Home Single Language"),
    ("для одного языка", "Single Language"),
    ("домашняя", "Home"),
    ("pro для рабочих станций", "Pro for Workstations"),
    ("для рабочих станций", "for Workstations"),
    ("для образовательных учреждений", "Education"),
    ("для образования", "Education"),
    ("корпоративная", "Enterprise"),
    ("профессиональная", "{pro}"),
    ("максимальная", "Ultimate"),
    ("начальная", "Starter"),
    ("стандартная", "Standard"),
    ("стандарт", "Standard"),
    ("для бизнеса", "Business"),
    ("максимальна", "Ultimate"),
    ("корпоративна", "Enterprise"),
    ("професійна", "{pro}"),
    ("домашня розширена", "Home Premium"),
    ("домашня", "Home"),
    // French
    ("édition familiale premium", "Home Premium"),
    ("édition familiale basique", "Home Basic"),
    ("édition familiale", "Home"),
    ("familiale premium", "Home Premium"),
    ("familiale basique", "Home Basic"),
    ("familiale", "Home"),
    ("famille unilingue", "Home Single Language"),
    ("famille", "Home"),
    ("édition intégrale", "Ultimate"),
    ("intégrale", "Ultimate"),
    ("édition starter", "Starter"),
    ("professionnel pour les stations de travail", "Pro for Workstations"),
    ("professionnel éducation", "Pro Education"),
    ("professionnel", "{pro}"),
    ("entreprise", "Enterprise"),
    ("éducation", "Education"),
    ("édition standard", "Standard"),
    // German
    ("unternehmensedition", "Enterprise"),
    ("professionell", "{pro}"),
    ("bildung", "Education"),
    ("für arbeitsstationen", "for Workstations"),
    // Spanish, Portuguese, Italian
    ("pro para estaciones de trabajo", "Pro for Workstations"),
    ("pro para estações de trabalho", "Pro for Workstations"),
    ("hogar premium", "Home Premium"),
    ("hogar basic", "Home Basic"),
    ("hogar", "Home"),
    ("empresarial", "Enterprise"),
    ("corporativo", "Enterprise"),
    ("empresa", "Enterprise"),
    ("profesional", "{pro}"),
    ("profissional", "{pro}"),
    ("professionale", "{pro}"),
    ("educación", "Education"),
    ("educação", "Education"),
    ("estándar", "Standard"),
    ("domestica", "Home"),
    // Dutch, Polish, Czech, Turkish, Japanese, Korean, Hungarian
    ("onderwijs", "Education"),
    ("profesjonalny", "{pro}"),
    ("dom", "Home"),
    ("kurumsal", "Enterprise"),
    ("eğitim", "Education"),
    ("ev", "Home"),
    ("エンタープライズ", "Enterprise"),
    ("プロフェッショナル", "{pro}"),
    ("ホーム", "Home"),
    ("엔터프라이즈", "Enterprise"),
    ("프로페셔널", "{pro}"),
    ("홈", "Home"),
    ("vállalati", "Enterprise"),
];

/// Takes the evaluation words out; true when there were some.
pub fn take_evaluation(text: &str) -> (bool, String) {
    for words in EVALUATION {
        if let Some(rest) = cut(text, words) {
            return (true, rest);
        }
    }
    (false, text.to_owned())
}

/// The edition in English. `classic` is up to Windows 7, where 专业版 is Professional and not Pro.
pub fn english(edition: &str, classic: bool) -> String {
    let mut edition = edition.trim().to_owned();
    // Several words may be translated: 企业版 2016 长期服务版 is Enterprise 2016 LTSB.
    for (localised, name) in EDITIONS {
        if let Some(at) = find(&edition, localised) {
            let name = match *name {
                "{pro}" if classic => "Professional",
                "{pro}" => "Pro",
                name => name,
            };
            edition.replace_range(at..at + length_at(&edition, at, localised), &format!(" {name} "));
        }
    }
    let edition = crate::os::collapse(&edition);
    // What held a word that was taken out: `Entreprise - Évaluation`, `Корпоративная, ознакомительная версия`.
    without_the_word_edition(edition.trim_matches(['-', '–', ',', ' ']))
}

/// `Standard Edition` is Standard; `Professional x64 Edition`, `Tablet PC Edition` and the like are names of their own.
fn without_the_word_edition(text: &str) -> String {
    const OWN: [&str; 4] = ["x64", "Azure", "Tablet PC", "Media Center"];
    let short = text.strip_suffix(" Edition").or_else(|| text.strip_suffix(" edition"));
    match short {
        Some(short) if !OWN.iter().any(|name| short.ends_with(name)) => short.trim_end_matches(',').to_owned(),
        _ => text.to_owned(),
    }
}

fn cut(text: &str, words: &str) -> Option<String> {
    let at = find(text, words)?;
    let end = at + length_at(text, at, words);
    let rest = [text.get(..at)?, text.get(end..)?].join(" ");
    Some(crate::os::collapse(&rest))
}

/// Where the words stand in the text, whatever their case, as whole words where words are written apart.
fn find(text: &str, words: &str) -> Option<usize> {
    let first = words.chars().next()?;
    let apart = words.chars().all(|c| c.is_ascii() || !is_unspaced(c));
    text.char_indices().map(|(at, _)| at).find(|&at| {
        let Some(rest) = text.get(at..) else { return false };
        let starts = rest.chars().next().is_some_and(|c| same(c, first));
        if !starts || !starts_with(rest, words) {
            return false;
        }
        if !apart {
            return true;
        }
        let before = text.get(..at).and_then(|before| before.chars().last());
        let after = text.get(at + length_at(text, at, words)..).and_then(|after| after.chars().next());
        before.is_none_or(|c| !c.is_alphanumeric()) && after.is_none_or(|c| !c.is_alphanumeric())
    })
}

fn starts_with(text: &str, words: &str) -> bool {
    let mut characters = text.chars();
    words.chars().all(|want| characters.next().is_some_and(|got| same(got, want)))
}

fn same(a: char, b: char) -> bool {
    a == b || a.to_lowercase().eq(b.to_lowercase())
}

/// Bytes the words take at that place (upper and lower case may differ in length).
fn length_at(text: &str, at: usize, words: &str) -> usize {
    text.get(at..).unwrap_or_default().chars().take(words.chars().count()).map(char::len_utf8).sum()
}

fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
}
