//! Bytes to text, whatever code page the machine printed in.
//!
//! Order of evidence: a byte order mark; the NULs of UTF-16, also when it starts only after an 8-bit prefix (WMIC's
//! "please wait" line); valid UTF-8; then, for 8-bit text, the code page that the file's own locale row (`ru;…`)
//! implies, and last the code page in which the text looks most like words.

use crate::codepages as cp;
use encoding_rs::Encoding;
use std::borrow::Cow;

/// Decoded text and the name of the encoding it was in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub text: String,
    /// `ascii`, `utf-8`, `utf-16le`, `utf-16be`, or the code page as Windows numbers it: `cp936`.
    pub encoding: &'static str,
    pub bom: bool,
    /// Some bytes stand for nothing in that encoding and became U+FFFD.
    pub malformed: bool,
}

impl Text {
    /// Makes line feeds of lone carriage returns, where a text has nothing else to end its lines.
    pub fn end_lines(&mut self) {
        if !self.text.contains('\n') && self.text.contains('\r') {
            self.text = self.text.replace('\r', "\n");
        }
    }
}

/// Decodes text of unknown encoding.
pub fn decode(bytes: &[u8]) -> Text {
    if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        return Text { bom: true, ..unicode(rest, encoding_rs::UTF_8, "utf-8") };
    }
    if let Some(rest) = bytes.strip_prefix(b"\xFF\xFE") {
        return Text { bom: true, ..unicode(rest, encoding_rs::UTF_16LE, "utf-16le") };
    }
    if let Some(rest) = bytes.strip_prefix(b"\xFE\xFF") {
        return Text { bom: true, ..unicode(rest, encoding_rs::UTF_16BE, "utf-16be") };
    }
    if let Some(text) = utf16_without_mark(bytes) {
        return text;
    }
    if bytes.is_ascii() {
        let text = String::from_utf8_lossy(bytes).into_owned();
        return Text { text, encoding: "ascii", bom: false, malformed: false };
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Text { text: text.to_owned(), encoding: "utf-8", bom: false, malformed: false },
        Err(_) if mostly_utf8(bytes) => unicode(bytes, encoding_rs::UTF_8, "utf-8"),
        Err(_) => legacy(bytes),
    }
}

/// True when bytes are no text at all in any encoding we read.
pub fn is_binary(text: &Text) -> bool {
    let mut controls = 0usize;
    let mut total = 0usize;
    for character in text.text.chars().take(4096) {
        if character == '\0' {
            return true;
        }
        total += 1;
        controls += usize::from(
            matches!(character, '\0'..='\u{8}' | '\u{e}'..='\u{19}' | '\u{1c}'..='\u{1f}' | '\u{7f}' | '\u{fffd}'),
        );
    }
    total > 0 && controls * 10 > total
}

fn unicode(bytes: &[u8], encoding: &'static Encoding, name: &'static str) -> Text {
    let (text, malformed) = encoding.decode_without_bom_handling(bytes);
    Text { text: text.into_owned(), encoding: name, bom: false, malformed }
}

/// UTF-16 shows itself by its NULs, all at even or all at odd offsets from where it starts.
fn utf16_without_mark(bytes: &[u8]) -> Option<Text> {
    let first = memchr::memchr(0, bytes)?;
    let sample = bytes.get(first..bytes.len().min(first + 4096))?;
    let (mut same, mut other) = (0usize, 0usize);
    for (offset, byte) in sample.iter().enumerate() {
        if *byte == 0 {
            if offset % 2 == 0 { same += 1 } else { other += 1 }
        }
    }
    if same * 10 < sample.len() || other * 4 > same {
        return None;
    }
    if first == 0 {
        return Some(unicode(bytes, encoding_rs::UTF_16BE, "utf-16be"));
    }
    let (prefix, wide) = bytes.split_at(first - 1);
    if prefix.contains(&b'\n') && prefix.len() > 4096 {
        return None;
    }
    let mut text = unicode(wide, encoding_rs::UTF_16LE, "utf-16le");
    if !prefix.is_empty() {
        text.text.insert_str(0, &String::from_utf8_lossy(prefix));
    }
    Some(text)
}

/// UTF-8 with a cut-off last character or a few stray bytes.
fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0usize, 0usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += chunk.invalid().len();
    }
    good > bad * 8
}

// ---------------------------------------------------------------------------------------------------------------
// 8-bit code pages

#[derive(Clone, Copy)]
enum Codec {
    Table(&'static cp::UpperHalf),
    Standard(&'static Encoding),
}

/// A code page we decode, by its Windows number.
struct CodePage {
    name: &'static str,
    codec: Codec,
}

macro_rules! code_pages {
    ($($constant:ident $name:literal $codec:expr;)*) => {
        $(static $constant: CodePage = CodePage { name: $name, codec: $codec };)*
        /// In the order that wins ties.
        static ALL: &[&CodePage] = &[$(&$constant),*];
    };
}

code_pages! {
    P936 "cp936" Codec::Standard(encoding_rs::GBK);
    P950 "cp950" Codec::Standard(encoding_rs::BIG5);
    P932 "cp932" Codec::Standard(encoding_rs::SHIFT_JIS);
    P949 "cp949" Codec::Standard(encoding_rs::EUC_KR);
    P850 "cp850" Codec::Table(&cp::CP850);
    P1252 "cp1252" Codec::Standard(encoding_rs::WINDOWS_1252);
    P866 "cp866" Codec::Standard(encoding_rs::IBM866);
    P1251 "cp1251" Codec::Standard(encoding_rs::WINDOWS_1251);
    P437 "cp437" Codec::Table(&cp::CP437);
    P852 "cp852" Codec::Table(&cp::CP852);
    P1250 "cp1250" Codec::Standard(encoding_rs::WINDOWS_1250);
    P857 "cp857" Codec::Table(&cp::CP857);
    P1254 "cp1254" Codec::Standard(encoding_rs::WINDOWS_1254);
    P737 "cp737" Codec::Table(&cp::CP737);
    P1253 "cp1253" Codec::Standard(encoding_rs::WINDOWS_1253);
    P862 "cp862" Codec::Table(&cp::CP862);
    P1255 "cp1255" Codec::Standard(encoding_rs::WINDOWS_1255);
    P720 "cp720" Codec::Table(&cp::CP720);
    P1256 "cp1256" Codec::Standard(encoding_rs::WINDOWS_1256);
    P874 "cp874" Codec::Standard(encoding_rs::WINDOWS_874);
    P775 "cp775" Codec::Table(&cp::CP775);
    P1257 "cp1257" Codec::Standard(encoding_rs::WINDOWS_1257);
    P855 "cp855" Codec::Table(&cp::CP855);
    P1258 "cp1258" Codec::Standard(encoding_rs::WINDOWS_1258);
    KOI8 "koi8-r" Codec::Standard(encoding_rs::KOI8_R);
}

impl CodePage {
    fn decode<'a>(&self, bytes: &'a [u8]) -> (Cow<'a, str>, bool) {
        match self.codec {
            Codec::Standard(encoding) => encoding.decode_without_bom_handling(bytes),
            Codec::Table(upper) => {
                let mut malformed = false;
                let text = bytes
                    .iter()
                    .map(|&byte| {
                        let character = match byte.checked_sub(0x80) {
                            None => char::from(byte),
                            Some(index) => upper.get(usize::from(index)).copied().unwrap_or('\u{fffd}'),
                        };
                        malformed |= character == '\u{fffd}';
                        character
                    })
                    .collect();
                (Cow::Owned(text), malformed)
            }
        }
    }
}

/// The console and the graphical code page of a language, as Windows pairs them.
fn pages_of(locale: &str) -> &'static [&'static CodePage] {
    let (language, region) = locale.split_once('-').unwrap_or((locale, ""));
    match language {
        "zh" if matches!(region, "tw" | "hk" | "mo" | "hant") => {
            static PAGES: &[&CodePage] = &[&P950];
            PAGES
        }
        "zh" => {
            static PAGES: &[&CodePage] = &[&P936];
            PAGES
        }
        "ja" => {
            static PAGES: &[&CodePage] = &[&P932];
            PAGES
        }
        "ko" => {
            static PAGES: &[&CodePage] = &[&P949];
            PAGES
        }
        "ru" | "be" | "bg" | "mk" | "kk" | "ky" | "tt" | "mn" => {
            static PAGES: &[&CodePage] = &[&P866, &P1251, &P855, &KOI8];
            PAGES
        }
        "uk" => {
            static PAGES: &[&CodePage] = &[&P866, &P1251];
            PAGES
        }
        "pl" | "cs" | "sk" | "hu" | "ro" | "hr" | "sl" | "sq" | "bs" => {
            static PAGES: &[&CodePage] = &[&P852, &P1250];
            PAGES
        }
        "sr" if region.contains("cyrl") => {
            static PAGES: &[&CodePage] = &[&P855, &P1251];
            PAGES
        }
        "sr" => {
            static PAGES: &[&CodePage] = &[&P852, &P1250];
            PAGES
        }
        "tr" | "az" => {
            static PAGES: &[&CodePage] = &[&P857, &P1254];
            PAGES
        }
        "el" => {
            static PAGES: &[&CodePage] = &[&P737, &P1253];
            PAGES
        }
        "he" => {
            static PAGES: &[&CodePage] = &[&P862, &P1255];
            PAGES
        }
        "ar" | "fa" | "ur" => {
            static PAGES: &[&CodePage] = &[&P720, &P1256];
            PAGES
        }
        "th" => {
            static PAGES: &[&CodePage] = &[&P874];
            PAGES
        }
        "vi" => {
            static PAGES: &[&CodePage] = &[&P1258];
            PAGES
        }
        "et" | "lv" | "lt" => {
            static PAGES: &[&CodePage] = &[&P775, &P1257];
            PAGES
        }
        "en" if region == "us" => {
            static PAGES: &[&CodePage] = &[&P437, &P1252, &P850];
            PAGES
        }
        _ => {
            static PAGES: &[&CodePage] = &[&P850, &P1252, &P437];
            PAGES
        }
    }
}

fn legacy(bytes: &[u8]) -> Text {
    let sample = interesting_lines(bytes, 8192);
    let hinted = locale_hint(bytes).map(pages_of).unwrap_or_default();
    let page = best_of(hinted, &sample, true).or_else(|| best_of(ALL, &sample, false)).unwrap_or(&P1252);
    let (text, malformed) = page.decode(bytes);
    Text { text: text.into_owned(), encoding: page.name, bom: false, malformed }
}

/// A page that the locale implies is believed with one doubtful letter in so many good ones: `İş` is a word.
const DOUBT: i64 = 6;

/// The page in which the sample looks most like words, the first of equals; `clean` takes only one without much doubt.
fn best_of(pages: &[&'static CodePage], sample: &[u8], clean: bool) -> Option<&'static CodePage> {
    let mut best: Option<(&'static CodePage, i64)> = None;
    for page in pages {
        let look = looks(&page.decode(sample).0, page);
        let score = look.good - look.bad;
        let fits = !clean || (look.bad * DOUBT <= look.good && look.good > 0);
        if fits && best.is_none_or(|(_, known)| score > known) {
            best = Some((page, score));
        }
    }
    best.map(|(page, _)| page)
}

/// The lines that hold bytes above ASCII, so that the rest does not drown them.
fn interesting_lines(bytes: &[u8], wanted: usize) -> Vec<u8> {
    let mut sample = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        if !line.is_ascii() {
            sample.extend_from_slice(line.get(..line.len().min(2048)).unwrap_or(line));
            sample.push(b'\n');
        }
        if sample.len() >= wanted {
            break;
        }
    }
    sample
}

/// The first `xx;Name` or `xx-yy;Name` value: `systeminfo` prints the system locale so in every language.
fn locale_hint(bytes: &[u8]) -> Option<&str> {
    let head = bytes.get(..bytes.len().min(64 << 10)).unwrap_or(bytes);
    for at in memchr::memchr_iter(b';', head) {
        let before = head.get(..at).unwrap_or_default();
        let start = before.iter().rposition(|b| !(b.is_ascii_lowercase() || *b == b'-')).map_or(0, |found| found + 1);
        let tag = before.get(start..).and_then(|tag| std::str::from_utf8(tag).ok()).unwrap_or_default();
        let spaced = start > 0 && matches!(before.get(start - 1), Some(b' ' | b'\t' | b'"' | b','));
        if spaced && is_locale(tag) {
            return Some(tag);
        }
    }
    None
}

/// `ru`, `zh-cn`, `sr-cyrl-cs`: a Windows locale name in lower case.
pub fn is_locale(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    (2..=3).contains(&language.len())
        && tag.len() <= 15
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// How much a text looks like words (`good`) and like words read in the wrong code page (`bad`).
struct Look {
    good: i64,
    bad: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    None,
    Ascii,
    Latin,
    Cyrillic,
    Greek,
    Other,
}

fn looks(text: &str, page: &CodePage) -> Look {
    let mut look = Look { good: 0, bad: 0 };
    let mut previous = (Script::None, false);
    for character in text.chars() {
        let script = script_of(character);
        let upper = character.is_uppercase();
        match script {
            Script::None | Script::Ascii => odd_sign(character, page, &mut look),
            Script::Other => {
                // `Versi줻`: half of a word is no word of another script.
                look.bad += if previous == (Script::Ascii, false) { 4 } else { 0 };
                wide(character, page, &mut look);
            }
            Script::Latin | Script::Cyrillic | Script::Greek => {
                let (before, before_upper) = previous;
                let joined = before == script || (script == Script::Latin && before == Script::Ascii);
                if joined && upper && !before_upper {
                    look.bad += 5;
                } else if script == Script::Latin && before == Script::Latin {
                    // Accented letters seldom stand side by side; read in the wrong page they all do.
                    look.bad += 1;
                } else if joined && !upper {
                    look.good += 2;
                } else if !matches!(before, Script::None) && !joined {
                    look.bad += 4;
                } else {
                    look.good += 1;
                }
            }
        }
        if script == Script::Ascii && matches!(previous.0, Script::Cyrillic | Script::Greek) {
            look.bad += 4;
        }
        previous = (if character.is_alphabetic() { script } else { Script::None }, upper);
    }
    look
}

fn script_of(character: char) -> Script {
    match character {
        'a'..='z' | 'A'..='Z' => Script::Ascii,
        '\u{0}'..='\u{7f}' => Script::None,
        'À'..='\u{24f}' if character.is_alphabetic() => Script::Latin,
        'ƒ' => Script::None,
        '\u{370}'..='\u{3ff}' if character.is_alphabetic() => Script::Greek,
        '\u{400}'..='\u{52f}' => Script::Cyrillic,
        _ if character.is_alphabetic() => Script::Other,
        _ => Script::None,
    }
}

/// Signs between words: quotes and the no-break space are usual, box drawing and control codes are not.
fn odd_sign(character: char, page: &CodePage, look: &mut Look) {
    match character {
        '\0'..='\u{7f}' | '®' | '©' | '™' | '°' | '·' | '（' | '）' | '，' | '。' | '、' | '：' => {}
        '\u{a0}' | '«' | '»' | '‘' | '’' | '“' | '”' | '–' | '…' | '№' => look.good += 1,
        '\u{fffd}' => look.bad += 30,
        '\u{80}'..='\u{9f}' => look.bad += 15,
        '\u{2500}'..='\u{25ff}' => look.bad += 8,
        '\u{e000}'..='\u{f8ff}' => look.bad += 15,
        // Marks of Thai, Hebrew, Arabic and Vietnamese stand after letters.
        '\u{300}'..='\u{36f}' | '\u{590}'..='\u{6ff}' | '\u{e00}'..='\u{e7f}' => {
            look.good += i64::from(page_is_of(page))
        }
        _ => look.bad += 4,
    }
}

fn page_is_of(page: &CodePage) -> bool {
    matches!(page.name, "cp862" | "cp1255" | "cp720" | "cp1256" | "cp874" | "cp1258")
}

/// Letters of scripts without case.
fn wide(character: char, page: &CodePage, look: &mut Look) {
    match character {
        '\u{3040}'..='\u{30ff}' => look.good += 5,
        '\u{ac00}'..='\u{d7a3}' => look.good += 4,
        '\u{ff61}'..='\u{ff9f}' => look.bad += 2,
        '\u{4e00}'..='\u{9fff}' if page.name == "cp949" => look.bad += 3,
        '\u{4e00}'..='\u{9fff}' if COMMON.contains(character) => look.good += 5,
        '\u{4e00}'..='\u{9fff}' => look.good += 1,
        '\u{590}'..='\u{6ff}' | '\u{e00}'..='\u{e7f}' => look.good += 2,
        'ª' | 'º' => {}
        _ => look.bad += 3,
    }
}

/// Characters that are frequent where Windows speaks Chinese (both scripts) or Japanese.
const COMMON: &str = "的是不一在有个人这中大为上国以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经\
主机名称系统版本制造商配置独立工作站服务器成员域控构件类型注册所有组织初始安装日期启动时间处理目录设备区设置输入时物理内存总量可用虚拟最大值\
使中页面文件位登录修补程序网卡连接状态媒体断开已检测监视需要企业专旗舰家庭教育标准数据心评估了个暂缺内部\
主機名稱作業系統製造商設定獨立伺服器網域控制站組建類型註冊擁有者組織產品識別碼原始安裝時間開機處理目錄裝置地區設定輸入實體記憶體總共可用虛擬\
檔案位置登入伺服器修正程式網路卡連線狀態媒體已中斷企業專業家用進階旗艦\
製造元構成所有者組織最初日付起動時刻製造元機種類処理物理使用可能仮想利用場所修正適用接続名無効有効電源語言";

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], encoding: &str, text: &str) {
        let got = decode(bytes);
        assert_eq!((got.encoding, got.text.as_str()), (encoding, text));
    }

    fn encoded(encoding: &'static Encoding, text: &str) -> Vec<u8> {
        encoding.encode(text).0.into_owned()
    }

    #[test]
    fn marks_name_the_encoding() {
        check(b"\xEF\xBB\xBFa\xC3\xA9", "utf-8", "aé");
        check(b"\xFF\xFEa\0", "utf-16le", "a");
        check(b"\xFE\xFF\0a", "utf-16be", "a");
        check(b"plain", "ascii", "plain");
        check(b"", "ascii", "");
    }

    #[test]
    fn utf_16_without_a_mark_is_found_also_after_an_8_bit_prefix() {
        let wide = |text: &str, big: bool| -> Vec<u8> {
            text.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
        };
        check(&wide("\r\nHost Name: A", false), "utf-16le", "\r\nHost Name: A");
        check(&wide("\r\nHost Name: A", true), "utf-16be", "\r\nHost Name: A");
        let mut mixed = b"Please wait.".to_vec();
        mixed.extend(wide("Caption  CSName", false));
        check(&mixed, "utf-16le", "Please wait.Caption  CSName");
    }

    #[test]
    fn a_utf_8_text_cut_inside_a_character_stays_utf_8() {
        let text = "Имя узла: DC Название ОС".as_bytes();
        let got = decode(&text[..text.len() - 1]);
        assert_eq!((got.encoding, got.malformed), ("utf-8", true));
    }

    #[test]
    fn code_pages_are_told_apart_by_what_reads_as_words() {
        for (name, encoding, text) in [
            ("cp936", encoding_rs::GBK, "主机名:           A\nOS 名称:  Microsoft Windows 10 企业版"),
            ("cp950", encoding_rs::BIG5, "主機名稱:      A\n作業系統名稱: Microsoft Windows 7 企業版"),
            ("cp932", encoding_rs::SHIFT_JIS, "ホスト名:     A\nOS 名:  Microsoft Windows 7\nOS 構成: スタンドアロン"),
            ("cp949", encoding_rs::EUC_KR, "호스트 이름:   A\nOS 이름: Microsoft Windows 7\n독립 실행형 워크스테이션"),
            ("cp1251", encoding_rs::WINDOWS_1251, "Имя узла:  A\nНазвание ОС: Майкрософт Windows 7 Профессиональная"),
            ("cp866", encoding_rs::IBM866, "Имя узла:  A\nНазвание ОС: Майкрософт Windows 7 Профессиональная"),
            ("cp1252", encoding_rs::WINDOWS_1252, "Configuración del sistema operativo: Estación de trabajo"),
            ("cp1250", encoding_rs::WINDOWS_1250, "Wersja systemu: węzeł członkowski, źródło"),
        ] {
            check(&encoded(encoding, text), name, text);
        }
    }

    #[test]
    fn dos_pages_are_read_by_their_locale_row() {
        let french = b"Nom de l'h\x93te:   A\nType: 1 carte(s) r\x82seau\nOption:  fr;Fran\x87ais (France)\n";
        check(french, "cp850", "Nom de l'hôte:   A\nType: 1 carte(s) réseau\nOption:  fr;Français (France)\n");
        let spanish = b"Versi\xA2n del sistema:  6.1.7601\n";
        check(spanish, "cp850", "Versión del sistema:  6.1.7601\n");
    }

    #[test]
    fn bytes_that_are_no_text_are_seen_as_such() {
        assert!(is_binary(&decode(
            b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xFF\xFF\x00\x00\x01\x02\x03\x04\x05\x06\x07"
        )));
        assert!(!is_binary(&decode(b"Host Name: A\r\n")));
    }
}
