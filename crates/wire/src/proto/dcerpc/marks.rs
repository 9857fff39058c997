//! Calls that are worth knowing by themselves: what weapons and intruders ask of well-known interfaces.

use super::events::Call;
use super::interfaces::Interface;
use super::ndr::Parameters;
use crate::session::{Mark, Side};

/// What an association did before that gives a later call its meaning.
#[derive(Debug, Default)]
pub struct Before {
    /// A document is being printed into this file.
    printing_to: Option<String>,
}

/// A request as a whole.
pub struct Request<'a> {
    pub interface: &'a Interface,
    pub call: &'a Call,
    /// The beginning of its parameters.
    pub stub: &'a [u8],
    pub little: bool,
    /// It brings a proof of who sends it.
    pub proven: bool,
}

pub fn of_request(before: &mut Before, side: Side, request: &Request<'_>, marks: &mut Vec<Mark>) {
    let Request { interface, call, stub, little, proven } = *request;
    let parameters = Parameters::new(stub, little);
    let mut mark = |code, detail: String| marks.push(Mark::new(code, side).with(detail));
    match (interface.name, call.operation) {
        ("srvsvc", 31 | 32) => {
            for path in canonicalized(parameters, call.operation) {
                if climbs_above_root(&path) {
                    mark("dcerpc.srvsvc-path-above-root", shortened(&path));
                }
            }
        }
        ("spoolss", 17) => {
            before.printing_to = output_file(parameters);
            if let Some(file) = &before.printing_to {
                mark("dcerpc.spoolss-print-to-file", shortened(file));
            }
        }
        ("spoolss", 23 | 29) => before.printing_to = None,
        ("spoolss", 9 | 89) => mark("dcerpc.spoolss-add-driver", call.operation.to_string()),
        ("IRemoteWinspool", 39) => mark("dcerpc.spoolss-add-driver", call.operation.to_string()),
        ("svcctl", 12 | 24 | 44 | 45 | 60) => {
            mark("dcerpc.svcctl-create-service", created_service(parameters, call.operation).unwrap_or_default());
        }
        ("svcctl", 19 | 31) => mark("dcerpc.svcctl-start-service", String::new()),
        ("atsvc", 0) => mark("dcerpc.atsvc-job-add", String::new()),
        ("ITaskSchedulerService", 1) => mark("dcerpc.task-register", String::new()),
        // Those who administer a server prove with every call who they are.
        ("dimsvc", 26..=31) if !proven => {
            mark("dcerpc.rras-mib-entry", format!("opnum {} {} bytes", call.operation, call.request_bytes));
        }
        ("drsuapi", 3) => mark("dcerpc.drsuapi-get-changes", String::new()),
        ("netlogon", 4) if stub.ends_with(&[0; 8]) => mark("dcerpc.netlogon-zero-challenge", String::new()),
        _ => {}
    }
}

/// Looks at a whole answer that is neither signed nor encrypted; `result` is the number at its end.
pub fn of_response(
    before: &mut Before,
    side: Side,
    interface: &Interface,
    call: &Call,
    result: u32,
    marks: &mut Vec<Mark>,
) {
    if interface.name != "spoolss" {
        return;
    }
    match (call.operation, &before.printing_to) {
        (17, _) if result != 0 => before.printing_to = None,
        (19, Some(file)) if result == 0 => {
            let detail = format!("{} {} bytes", shortened(file), call.request_bytes);
            marks.push(Mark::new("dcerpc.spoolss-write-to-file", side).with(detail));
        }
        _ => {}
    }
}

/// The paths that the server is asked to canonicalize or compare ([MS-SRVS] 3.1.4.30 and 31).
fn canonicalized(mut parameters: Parameters<'_>, operation: u16) -> Vec<String> {
    let mut paths = Vec::new();
    let mut read = || {
        parameters.optional_wide()?;
        paths.push(parameters.wide()?);
        if operation == 31 {
            // The length of the room for the answer stands between path and prefix.
            parameters.u32()?;
        }
        paths.push(parameters.wide()?);
        Some(())
    };
    let _ = read();
    paths
}

/// True when more steps lead up than down at some place of the path.
fn climbs_above_root(path: &str) -> bool {
    let mut depth = 0i32;
    for step in path.split(['\\', '/']) {
        match step {
            "" | "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        if depth < 0 {
            return true;
        }
    }
    false
}

/// The file that a document is printed to, if to any ([MS-RPRN] 2.2.1.3.2 DOC_INFO_1). Names of ports end in a colon.
fn output_file(mut parameters: Parameters<'_>) -> Option<String> {
    parameters.skip(20)?;
    if parameters.u32()? != 1 || parameters.u32()? != 1 || parameters.u32()? == 0 {
        return None;
    }
    let (name, file, kind) = (parameters.u32()?, parameters.u32()?, parameters.u32()?);
    if name != 0 {
        parameters.wide()?;
    }
    if file == 0 {
        return None;
    }
    let file = parameters.wide()?;
    let _ = kind;
    (!file.is_empty() && !file.ends_with(':')).then_some(file)
}

/// Name and program of a new service ([MS-SCMR] 3.1.4.12).
fn created_service(mut parameters: Parameters<'_>, operation: u16) -> Option<String> {
    let wide = !matches!(operation, 24 | 44);
    parameters.skip(20)?;
    let name = parameters.text(wide)?;
    let mut read = || {
        if parameters.u32()? != 0 {
            parameters.text(wide)?;
        }
        for _ in 0..4 {
            parameters.u32()?;
        }
        parameters.text(wide)
    };
    let program = read().unwrap_or_default();
    Some(format!("{} {}", shortened(&name), shortened(&program)).trim_end().to_owned())
}

/// Details are for people; longer ones help nobody.
const DETAIL_CHARS_MAX: usize = 200;

fn shortened(text: &str) -> String {
    text.chars().take(DETAIL_CHARS_MAX).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
