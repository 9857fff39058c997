//! The runbook says what the plan says, in both languages, and nothing in a host's name becomes markup.
//!
//! With `REDOUBT_RUNBOOK_DIR` set, the pages are left there to be looked at.
use crate::common::*;
use hardening::{runbook_html, runbook_pdf};
use model::*;
use words::Language;

fn exposure(host: &Host) -> HostExposure {
    let weapon = Exposure {
        weapon: "eternalblue".into(),
        state: ExposureState::Open,
        why: vec![Message::new("updates.unknown")],
        patch: PatchState::Missing,
        base: None,
        fixes: [KbId(4012212)].into(),
        reach: Reach::Open,
        ports: vec![Port::tcp(445)],
        confidence: Confidence::Verified,
        preconditions: Vec::new(),
    };
    HostExposure {
        host: host.id.clone(),
        system: Some("7-sp1-x64".to_owned()),
        support_ended: None,
        supported: None,
        weapons: vec![weapon],
        cves: Vec::new(),
        open_cves: 0,
        open_kev: 0,
        gaps: Vec::new(),
    }
}

fn seven(name: &str) -> (Host, HostPlan) {
    let host = host(name, "6.1.7601", Role::MemberWorkstation);
    let actions = vec![
        action(ActionKind::Isolate),
        block(&["tcp/139", "tcp/445"]),
        control("disable-smb1"),
        patch(ActionKind::KeyPatch, &[4012212, 4012215], true),
        action(ActionKind::Verify),
        action(ActionKind::RollBack),
    ];
    let mut plan = plan("win7-1", &host, actions);
    plan.disposals.push(Disposal {
        weapon: "eternalblue".into(),
        path: vec![Decision {
            node: "official-fix".to_owned(),
            answer: Message::new("updates.unknown"),
            evidence: Vec::new(),
            would_change: Vec::new(),
        }],
        actions: vec![action(ActionKind::KeyPatch)],
        urgency: urgency(),
        situation: None,
    });
    (host, plan)
}

fn keep(name: &str, bytes: &[u8]) {
    if let Some(folder) = std::env::var_os("REDOUBT_RUNBOOK_DIR") {
        std::fs::write(std::path::Path::new(&folder).join(name), bytes).unwrap();
    }
}

#[test]
fn both_languages_say_every_step_and_leave_no_bare_code() {
    let (host, plan) = seven("WIN7-LINE4");
    let xp = crate::common::host("XP-OFFICE", "5.1.2600", Role::StandaloneWorkstation);
    let xp_plan = crate::common::plan(
        "xp-1",
        &xp,
        vec![block(&["tcp/445"]), control("smb-over-tcp-off"), control("netbios-off")],
    );
    for language in Language::ALL {
        for (host, plan, procedures) in [(&host, &plan, vec!["3.1", "3.2"]), (&xp, &xp_plan, vec!["3.3"])] {
            let exposure = exposure(host);
            let html = runbook_html(host, &exposure, plan, language);
            let pdf = runbook_pdf(host, &exposure, plan, language);
            keep(&format!("{}-{language}.html", host.label()), html.as_bytes());
            keep(&format!("{}-{language}.pdf", host.label()), &pdf);
            for bare in ["runbook.", "control.", "{{"] {
                assert!(!html.contains(bare), "`{bare}` is left in {language}");
            }
            for step in &plan.steps {
                assert!(html.contains(&format!("<h3>{}. ", step.number)), "step {}", step.number);
            }
            for procedure in procedures {
                assert!(html.contains(procedure), "procedure {procedure}");
            }
            assert!(html.contains("netsh"), "the commands are there");
            assert!(!html.contains("<script") && !html.contains("http://") && !html.contains("src="));
            assert!(pdf.starts_with(b"%PDF-"));
        }
    }
}

#[test]
fn a_hostile_name_stays_text() {
    let (host, plan) = seven("<img src=x onerror=alert(1)>\"'&");
    let html = runbook_html(&host, &exposure(&host), &plan, Language::ZhCn);
    assert!(!html.contains("<img"), "{html}");
    assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;"));
}

#[test]
fn the_pdf_holds_its_chinese_text() {
    let Ok(version) = std::process::Command::new("pdftotext").arg("-v").output() else {
        eprintln!("SKIPPED: no pdftotext on this machine; apt-get install poppler-utils poppler-data");
        return;
    };
    assert!(version.status.success() || !version.stderr.is_empty());
    if !std::path::Path::new("/usr/share/poppler/cMap").exists() {
        eprintln!("SKIPPED: no character maps on this machine; apt-get install poppler-data");
        return;
    }
    let (host, plan) = seven("WIN7-LINE4");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runbook.pdf");
    std::fs::write(&file, runbook_pdf(&host, &exposure(&host), &plan, Language::ZhCn)).unwrap();
    let output = std::process::Command::new("pdftotext").arg(&file).arg("-").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    for wanted in ["处置操作手册", "WIN7-LINE4", "封闭端口", "操作规程 3.1", "netsh advfirewall"] {
        assert!(text.contains(wanted), "no `{wanted}` in {text}");
    }
}
