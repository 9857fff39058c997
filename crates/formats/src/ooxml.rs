//! Office Open XML (ECMA-376): what the parts of a package say about where it reaches to, what it runs and who made it. The
//! parts themselves are those of the archive.

use crate::budget::Budget;
use crate::gather::{Gathered, text};
use crate::limits::Limit;
use crate::names;
use crate::reading::Reading;
use crate::vector::{State, Value, vectors};
use crate::xls;
use crate::xml::{self, Element, Node};
use crate::zip;
use model::Message;

vectors! { "ooxml":
    "main_type" text "Content type of the main part.";
    "external" texts "Targets outside of the package that are loaded, each behind the type of its relationship.";
    "hyperlinks" texts "Targets of links that a reader may follow.";
    "templates" texts "Templates outside of the package that are loaded.";
    "embedded" texts "Names of parts that are embedded objects or packages.";
    "activex" texts "Names of parts that are controls.";
    "macros" texts "Names of parts that are macro projects or macro sheets.";
    "chunks" texts "Names of parts in another format that are taken over into the text.";
    "fields" texts "Fields that load or run something: DDE, INCLUDETEXT, INCLUDEPICTURE, MACROBUTTON and their like.";
    "dde" texts "Servers and topics of dynamic data exchange.";
    "sheets" texts "Sheets, with their state behind a colon where they are not visible.";
    "auto_names" texts "Defined names that run a sheet of macros when the workbook opens or closes.";
    "macro_formulas" texts "Formulas in sheets of macros, each behind its cell.";
    "macro_calls" texts "Functions of sheets of macros that run something, load code, reach out, or write formulas.";
    "connections" texts "Connections to sources of data.";
    "callbacks" texts "Procedures that the user interface of the document calls.";
    "signed" flag "Whether there is a signature.";
    "title" text "Title.";
    "subject" text "Subject.";
    "creator" text "Who made it.";
    "keywords" text "Keywords.";
    "description" text "Description.";
    "last_modified_by" text "Who saved it last.";
    "revision" text "How many times it was saved.";
    "category" text "Category.";
    "created" time "When it was made, as it says.";
    "modified" time "When it was last saved, as it says.";
    "application" text "Program that wrote it.";
    "app_version" text "Version of that program.";
    "company" text "Company.";
    "manager" text "Manager.";
    "template" text "Template it is made from.";
    "edited_minutes" text "Minutes it was worked on.";
    "pages" text "Pages.";
    "words" text "Words.";
    "custom_properties" texts "Properties that users defined, as `name=value`.";
}

/// Texts of one list.
const TEXTS_MAX: usize = 1000;
/// Letters of one field.
const FIELD_BYTES_MAX: usize = 1 << 14;

/// Properties by the name of their element.
const CORE: &[(&str, &str)] = &[
    ("title", "title"),
    ("subject", "subject"),
    ("creator", "creator"),
    ("keywords", "keywords"),
    ("description", "description"),
    ("lastModifiedBy", "last_modified_by"),
    ("revision", "revision"),
    ("category", "category"),
    ("Application", "application"),
    ("AppVersion", "app_version"),
    ("Company", "company"),
    ("Manager", "manager"),
    ("Template", "template"),
    ("TotalTime", "edited_minutes"),
    ("Pages", "pages"),
    ("Words", "words"),
];
/// Fields that reach out of the document or run something.
const FIELDS: &[&str] = &[
    "DDE",
    "DDEAUTO",
    "INCLUDETEXT",
    "INCLUDEPICTURE",
    "IMPORT",
    "INCLUDE",
    "LINK",
    "MACROBUTTON",
    "DATABASE",
    "AUTOTEXT",
];

/// Takes a package apart.
pub fn read(bytes: &[u8], budget: &mut Budget, passwords: &[String]) -> Reading {
    let mut reading = zip::read(bytes, budget, passwords);
    let mut found = Found::default();
    let children = std::mem::take(&mut reading.children);
    for child in &children {
        let name = child.name.replace('\\', "/");
        found.part(&name);
        let Some(content) = child.bytes(bytes) else { continue };
        match found.content(&name, content, budget, &mut reading) {
            Ok(xml::End::Whole) => {}
            Ok(xml::End::Broken) => reading.odd(Message::new("ooxml.part-damaged").with("name", names::shown(&name))),
            Err(limit) => {
                reading.state(NAMESPACE, "main_type", State::Limited(limit), None);
                break;
            }
        }
    }
    reading.children = children;
    found.state(&mut reading);
    reading
}

struct Found {
    external: Gathered,
    hyperlinks: Gathered,
    templates: Gathered,
    embedded: Gathered,
    activex: Gathered,
    macros: Gathered,
    chunks: Gathered,
    fields: Gathered,
    dde: Gathered,
    sheets: Gathered,
    auto_names: Gathered,
    macro_formulas: Gathered,
    macro_calls: Gathered,
    connections: Gathered,
    callbacks: Gathered,
    custom: Gathered,
    signed: bool,
}

impl Default for Found {
    fn default() -> Self {
        let list = || Gathered::new(TEXTS_MAX);
        Found {
            external: list(),
            hyperlinks: list(),
            templates: list(),
            embedded: list(),
            activex: list(),
            macros: list(),
            chunks: list(),
            fields: list(),
            dde: list(),
            sheets: list(),
            auto_names: list(),
            macro_formulas: list(),
            macro_calls: list(),
            connections: list(),
            callbacks: list(),
            custom: list(),
            signed: false,
        }
    }
}

impl Found {
    /// What the name of a part tells.
    fn part(&mut self, name: &str) {
        let lower = name.to_ascii_lowercase();
        if lower.contains("/embeddings/") {
            self.embedded.push(name);
        }
        if lower.contains("/activex/") && !lower.ends_with(".rels") {
            self.activex.push(name);
        }
        let last = lower.rsplit('/').next().unwrap_or_default();
        if last.starts_with("vbaproject") && last.ends_with(".bin") || lower.contains("/macrosheets/") {
            self.macros.push(name);
        }
        self.signed |= lower.starts_with("_xmlsignatures/");
    }

    fn content(
        &mut self,
        name: &str,
        content: &[u8],
        budget: &mut Budget,
        reading: &mut Reading,
    ) -> Result<xml::End, Limit> {
        let lower = name.to_ascii_lowercase();
        if lower.ends_with(".rels") {
            return self.relationships(content, budget, reading);
        }
        if !lower.ends_with(".xml") {
            return Ok(xml::End::Whole);
        }
        let folder = lower.split('/').next().unwrap_or_default();
        if lower == "[content_types].xml" {
            main_type(content, budget, reading)
        } else if lower.starts_with("docprops/custom") {
            self.custom(content, budget)
        } else if folder == "docprops" {
            xml::leaves(content, budget, &mut |element, value| property(element, value, reading))
        } else if folder == "word" && !lower.contains("/theme/") && !lower.ends_with("/styles.xml") {
            self.fields(content, budget)
        } else if lower == "xl/workbook.xml" {
            self.workbook(content, budget)
        } else if folder == "xl" && (lower.contains("/externallinks/") || lower.ends_with("/connections.xml")) {
            self.links(content, budget)
        } else if lower.starts_with("xl/macrosheets/") {
            self.formulas(content, budget)
        } else if folder == "customui" || folder == "usercustomization" {
            self.callbacks(content, budget)
        } else {
            Ok(xml::End::Whole)
        }
    }

    fn relationships(&mut self, content: &[u8], budget: &mut Budget, reading: &mut Reading) -> Result<xml::End, Limit> {
        xml::walk(content, budget, &mut |node| {
            let Node::Start(element) = node else { return };
            let (Some(target), "Relationship") = (element.get("Target"), element.name.as_str()) else { return };
            let kind = element.get("Type").unwrap_or_default().rsplit('/').next().unwrap_or_default();
            if kind.eq_ignore_ascii_case("aFChunk") {
                self.chunks.push(target);
            }
            let outside = element.get("TargetMode").is_some_and(|mode| mode.eq_ignore_ascii_case("External"));
            if !outside {
                return;
            }
            if kind.eq_ignore_ascii_case("hyperlink") {
                self.hyperlinks.push(target);
                return;
            }
            self.external.push(format!("{kind}: {target}"));
            // A template on the machine itself is how documents are made; one elsewhere is loaded from there.
            let local = target.to_ascii_lowercase().starts_with("file:///") && !target.starts_with("file:////");
            if kind.eq_ignore_ascii_case("attachedTemplate") {
                self.templates.push(target);
                if !local {
                    reading.odd(Message::new("ooxml.template-elsewhere").with("target", names::shown(target)));
                }
            } else if ["oleObject", "frame", "subDocument", "externalLinkPath"].contains(&kind) && !local {
                let message = Message::new("ooxml.loads-from-elsewhere").with("type", kind);
                reading.odd(message.with("target", names::shown(target)));
            }
        })
    }

    fn custom(&mut self, content: &[u8], budget: &mut Budget) -> Result<xml::End, Limit> {
        let mut name = String::new();
        xml::walk(content, budget, &mut |node| match node {
            Node::Start(element) if element.name == "property" => {
                name = element.get("name").unwrap_or_default().to_owned();
            }
            Node::Text(value) if !name.is_empty() && !value.trim().is_empty() => {
                self.custom.push(format!("{name}={}", value.trim()));
            }
            Node::End("property") => name.clear(),
            _ => {}
        })
    }

    /// Instructions of fields, which are written in pieces.
    fn fields(&mut self, content: &[u8], budget: &mut Budget) -> Result<xml::End, Limit> {
        let (mut instruction, mut inside) = (String::new(), false);
        let end = xml::walk(content, budget, &mut |node| match node {
            Node::Start(element) => match element.name.as_str() {
                "instrText" | "delInstrText" => inside = true,
                "fldSimple" => self.field(element.get("instr").unwrap_or_default()),
                "fldChar" if matches!(element.get("fldCharType"), Some("begin" | "separate" | "end")) => {
                    self.field(&std::mem::take(&mut instruction));
                }
                _ => {}
            },
            Node::Text(piece) if inside && instruction.len() < FIELD_BYTES_MAX => instruction.push_str(piece),
            Node::End("instrText" | "delInstrText") => inside = false,
            _ => {}
        });
        self.field(&instruction);
        end
    }

    fn field(&mut self, instruction: &str) {
        let instruction = instruction.trim();
        let word = instruction.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        if FIELDS.contains(&word.as_str()) {
            self.fields.push(instruction);
            if word.starts_with("DDE") {
                self.dde.push(instruction);
            }
        }
    }

    fn workbook(&mut self, content: &[u8], budget: &mut Budget) -> Result<xml::End, Limit> {
        let mut auto: Option<String> = None;
        xml::walk(content, budget, &mut |node| match node {
            Node::Start(element) if element.name == "sheet" => {
                let name = element.get("name").unwrap_or_default();
                match element.get("state").filter(|state| *state != "visible") {
                    Some(state) => self.sheets.push(format!("{name}:{state}")),
                    None => self.sheets.push(name),
                }
            }
            Node::Start(element) if element.name == "definedName" => {
                let name = element.get("name").unwrap_or_default().to_owned();
                let lower = name.to_ascii_lowercase();
                auto = (lower.contains("auto_open") || lower.contains("auto_close")).then_some(name);
            }
            Node::Text(target) => {
                if let Some(name) = auto.take() {
                    self.auto_names.push(format!("{name}={target}"));
                }
            }
            _ => {}
        })
    }

    fn formulas(&mut self, content: &[u8], budget: &mut Budget) -> Result<xml::End, Limit> {
        let (mut cell, mut in_formula) = (String::new(), false);
        xml::walk(content, budget, &mut |node| match node {
            Node::Start(element) if element.name == "c" => cell = element.get("r").unwrap_or_default().to_owned(),
            Node::Start(element) => in_formula = element.name == "f",
            Node::Text(formula) if in_formula => {
                xls::calls_in(formula).for_each(|call| self.macro_calls.push(call));
                self.macro_formulas.push(format!("{cell} ={formula}"));
            }
            Node::End(_) => in_formula = false,
            Node::Text(_) => {}
        })
    }

    fn links(&mut self, content: &[u8], budget: &mut Budget) -> Result<xml::End, Limit> {
        xml::walk(content, budget, &mut |node| {
            let Node::Start(element) = node else { return };
            match element.name.as_str() {
                "ddeLink" => {
                    let of = |name: &str| element.get(name).unwrap_or_default().to_owned();
                    self.dde.push(format!("{}|{}", of("ddeService"), of("ddeTopic")));
                }
                "dbPr" => self.connections.push(element.get("connection").unwrap_or_default()),
                "webPr" => self.connections.push(element.get("url").unwrap_or_default()),
                "textPr" => self.connections.push(element.get("sourceFile").unwrap_or_default()),
                _ => {}
            }
        })
    }

    fn callbacks(&mut self, content: &[u8], budget: &mut Budget) -> Result<xml::End, Limit> {
        xml::walk(content, budget, &mut |node| {
            let Node::Start(element) = node else { return };
            for (name, value) in &element.attributes {
                if name.starts_with("on") || name.starts_with("get") || name == "loadImage" {
                    self.callbacks.push(format!("{name}={value}"));
                }
            }
        })
    }

    fn state(self, reading: &mut Reading) {
        if !self.dde.is_empty() {
            reading.odd(Message::new("ooxml.dde"));
        }
        reading.know(NAMESPACE, "signed", self.signed);
        for (list, name) in [
            (self.external, "external"),
            (self.hyperlinks, "hyperlinks"),
            (self.templates, "templates"),
            (self.embedded, "embedded"),
            (self.activex, "activex"),
            (self.macros, "macros"),
            (self.chunks, "chunks"),
            (self.fields, "fields"),
            (self.dde, "dde"),
            (self.sheets, "sheets"),
            (self.auto_names, "auto_names"),
            (self.macro_formulas, "macro_formulas"),
            (self.macro_calls, "macro_calls"),
            (self.connections, "connections"),
            (self.callbacks, "callbacks"),
            (self.custom, "custom_properties"),
        ] {
            list.state(reading, NAMESPACE, name);
        }
    }
}

/// The type of the part that the whole is of.
fn main_type(content: &[u8], budget: &mut Budget, reading: &mut Reading) -> Result<xml::End, Limit> {
    let mut types = Vec::new();
    let end = xml::walk(content, budget, &mut |node| {
        if let Node::Start(element) = node
            && element.name == "Override"
            && let Some(kind) =
                element.get("ContentType").filter(|kind| kind.ends_with(".main+xml") || kind.ends_with(".main"))
        {
            types.push(kind.to_owned());
        }
    });
    text(reading, NAMESPACE, "main_type", types.into_iter().next().unwrap_or_default());
    end
}

/// A property of the document.
fn property(element: &Element, value: &str, reading: &mut Reading) {
    if let Some((_, name)) = CORE.iter().find(|(of, _)| *of == element.name) {
        text(reading, NAMESPACE, name, value);
    }
    let name = match element.name.as_str() {
        "created" => "created",
        "modified" => "modified",
        _ => return,
    };
    match xml::time(value) {
        Some(time) => reading.know(NAMESPACE, name, Value::Time(time)),
        None if value.is_empty() => reading.state(NAMESPACE, name, State::Absent, None),
        None => reading.state(NAMESPACE, name, State::Failed(crate::unpack::damaged()), None),
    }
}

#[cfg(test)]
mod tests {
    use crate::Kind;
    use crate::kit::{deflated, facts, oddities, reading, zip};
    use expect_test::expect;

    #[test]
    fn a_letter_tells_where_it_reaches_to() {
        let bytes = zip(&[
            deflated(
                "[Content_Types].xml",
                br#"<Types><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"#,
            ),
            deflated(
                "word/_rels/settings.xml.rels",
                br#"<Relationships><Relationship Id="a" Type="http://x/attachedTemplate" Target="http://192.0.2.1/t.dotm" TargetMode="External"/>
                <Relationship Id="b" Type="http://x/hyperlink" Target="http://example.org/" TargetMode="External"/></Relationships>"#,
            ),
            deflated(
                "word/document.xml",
                br#"<w:document><w:fldChar w:fldCharType="begin"/><w:instrText> DDE</w:instrText><w:instrText>AUTO calc &quot;a&quot;</w:instrText><w:fldChar w:fldCharType="end"/><w:fldSimple w:instr="DATE"/></w:document>"#,
            ),
            deflated("word/embeddings/oleObject1.bin", b"x"),
            deflated("docProps/core.xml", br#"<c:coreProperties><dc:creator>One</dc:creator><d:created>2020-01-01T00:00:00Z</d:created></c:coreProperties>"#),
        ]);
        let reading = reading(Kind::Docx, &bytes);
        let told = facts(&reading.vectors);
        let told: Vec<&str> = told.lines().filter(|line| line.starts_with("ooxml")).collect();
        expect![[r#"
            ooxml.main_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
            ooxml.creator = "One"
            ooxml.created = 1577836800s
            ooxml.signed = false
            ooxml.external = ["attachedTemplate: http://192.0.2.1/t.dotm"]
            ooxml.hyperlinks = ["http://example.org/"]
            ooxml.templates = ["http://192.0.2.1/t.dotm"]
            ooxml.embedded = ["word/embeddings/oleObject1.bin"]
            ooxml.fields = ["DDEAUTO calc \"a\""]
            ooxml.dde = ["DDEAUTO calc \"a\""]"#]]
        .assert_eq(&told.join("\n"));
        expect![[r#"
            ooxml.template-elsewhere target="http://192.0.2.1/t.dotm"
            ooxml.dde
        "#]]
        .assert_eq(&oddities(&reading));
        assert_eq!(reading.children.len(), 5);
    }

    #[test]
    fn formulas_of_sheets_of_macros_are_told() {
        let sheet = br#"<xm:macrosheet xmlns:xm="x"><sheetData><row r="1"><c r="A1"><f>EXEC("calc"&amp;".exe")</f><v>0</v></c><c r="A2"><f>IF(1,HALT(),FORMULA.FILL(A1,B2))</f></c></row></sheetData></xm:macrosheet>"#;
        let bytes = crate::kit::zip(&[
            crate::kit::stored("[Content_Types].xml", b"<Types/>"),
            crate::kit::stored("xl/workbook.xml", b"<workbook/>"),
            crate::kit::stored("xl/macrosheets/sheet1.xml", sheet),
        ]);
        let told = crate::kit::facts(&crate::kit::reading(crate::Kind::Xlsm, &bytes).vectors);
        let lines: Vec<&str> = told.lines().filter(|line| line.starts_with("ooxml.macro")).collect();
        expect![[r#"
            ooxml.macros = ["xl/macrosheets/sheet1.xml"]
            ooxml.macro_formulas = ["A1 =EXEC(\"calc\"", "A1 =&", "A1 =\".exe\")", "A2 =IF(1,HALT(),FORMULA.FILL(A1,B2))"]
            ooxml.macro_calls = ["EXEC", "HALT", "FORMULA.FILL"]"#]].assert_eq(&lines.join("\n"));
    }
}
