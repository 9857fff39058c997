//! `redoubt agent-release`: signs releases of the agent, where they are made, and looks at them anywhere.

use crate::args::{AgentReleaseAction, ReleaseImport, ReleaseKey, ReleasePack, ReleaseShow};
use crate::commands::open;
use crate::output::{Exit, Failure, Output, json_line, printable};
use crate::remote::{Server, told};
use anyhow::Context;
use api::wire::releases::AgentReleases;
use jiff::Timestamp;
use model::Message;
use policy::Digest;
use policy::orders::{
    BadRelease, KeyChange, PROGRAM_BYTES_MAX, RELEASE_BYTES_MAX, Release, Signer, TrustedKeys, open_release,
    this_target,
};
use reqwest::Method;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

/// A secret key is a hundred bytes.
const KEY_BYTES_MAX: u64 = 4096;

pub fn run(action: AgentReleaseAction, output: &Output) -> anyhow::Result<Exit> {
    match action {
        AgentReleaseAction::Key(task) => key(&task, output),
        AgentReleaseAction::Pack(task) => pack(task, output),
        AgentReleaseAction::Show(task) => show(&task, output),
        AgentReleaseAction::Import(task) => import(&task, output),
    }
}

fn key(task: &ReleaseKey, output: &Output) -> anyhow::Result<Exit> {
    let document = Signer::generate().map_err(|why| Failure::new(why.message()))?;
    let public = Signer::from_pkcs8(&document).map_err(|why| Failure::new(why.message()))?.public();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&task.out).and_then(|mut file| {
        file.write_all(&document)?;
        file.sync_all()
    });
    written.with_context(|| open::cannot_write(&task.out))?;
    let made = Message::new("cli.release-key")
        .with("public", public)
        .with("key", public.id())
        .with("path", task.out.display());
    say(output, &[made])
}

fn pack(task: ReleasePack, output: &Output) -> anyhow::Result<Exit> {
    let document = read(&task.key, KEY_BYTES_MAX)?;
    let signer = Signer::from_pkcs8(&document).map_err(|why| refused(&task.key, why.message()))?;
    let program = read(&task.program, PROGRAM_BYTES_MAX)?;
    let keys =
        KeyChange { introduced: task.introduce.into_iter().collect(), retired: task.retire.into_iter().collect() };
    let release = Release {
        version: task.version,
        target: task.target.unwrap_or_else(this_target),
        bytes: 0,
        sha256: Digest([0; 32]),
        follows: task.follows,
        made: Timestamp::now().as_second().unsigned_abs(),
        notes: task.notes,
        keys,
    };
    let bundle = release.seal(&program, &signer).map_err(|why| refused(&task.program, why.message()))?;
    let written = File::create(&task.out).and_then(|mut file| {
        file.write_all(&bundle)?;
        file.sync_all()
    });
    written.with_context(|| open::cannot_write(&task.out))?;
    // As whoever gets it reads it.
    let keys = TrustedKeys::new([signer.public()]);
    let opened = open_release(&bundle, &keys).map_err(|why| refused(&task.out, why.message()))?;
    let packed = Message::new("cli.release-packed")
        .with("path", task.out.display())
        .with("version", &opened.release.version)
        .with("target", &opened.release.target)
        .number("bytes", i64::try_from(bundle.len()).unwrap_or(i64::MAX))
        .with("sha256", opened.release.sha256)
        .with("key", opened.key);
    say(output, &[packed])
}

fn show(task: &ReleaseShow, output: &Output) -> anyhow::Result<Exit> {
    let bytes = read(&task.file, RELEASE_BYTES_MAX as u64)?;
    let bad = |why: BadRelease| refused(&task.file, why.message());
    let bundle = open_release(&bytes, &TrustedKeys::new(task.key.iter().copied())).map_err(bad)?;
    bundle.unpack(io::sink()).map_err(bad)?;
    let release = &bundle.release;
    if task.json {
        let mut out = output.stdout();
        json_line(&mut out, release)?;
        out.flush()?;
        return Ok(Exit::Done);
    }
    let made = i64::try_from(release.made).ok().and_then(|at| Timestamp::from_second(at).ok()).unwrap_or_default();
    let shown = Message::new("cli.release-shown")
        .with("version", &release.version)
        .with("target", &release.target)
        .number("bytes", i64::try_from(release.bytes).unwrap_or(i64::MAX))
        .with("sha256", release.sha256)
        .with("key", bundle.key)
        .with("made", made);
    let mut lines = vec![shown];
    lines.extend(release.follows.as_ref().map(|follows| Message::new("cli.release-follows").with("follows", follows)));
    lines.push(Message::new("cli.release-holds"));
    say(output, &lines)?;
    if !release.notes.is_empty() {
        writeln!(output.stdout(), "{}", printable(&release.notes))?;
    }
    Ok(Exit::Done)
}

fn import(task: &ReleaseImport, output: &Output) -> anyhow::Result<Exit> {
    let server = Server::at(&task.server)?;
    let bytes = read(&task.file, RELEASE_BYTES_MAX as u64)?;
    let boundary = format!("redoubt-{}", std::process::id());
    // What would end the name in the head of the part, or the head, is no part of it.
    let name = task.file.file_name().unwrap_or_default().to_string_lossy().replace(['"', '\\', '\r', '\n'], "_");
    let head = format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         content-type: application/octet-stream\r\n\r\n"
    );
    let body = [head.as_bytes(), &bytes, format!("\r\n--{boundary}--\r\n").as_bytes()].concat();
    let request = server
        .request(Method::POST, "agent-releases")
        .header("content-type", format!("multipart/form-data; boundary={boundary}"))
        .body(body);
    let here: AgentReleases = open::runtime()?.block_on(told(request)).map_err(|trouble| server.failure(&trouble))?;
    let lines = here.releases.iter().map(|release| {
        Message::new("cli.release-imported").with("version", &release.version).with("target", &release.target)
    });
    say(output, &lines.collect::<Vec<_>>())
}

fn say(output: &Output, lines: &[Message]) -> anyhow::Result<Exit> {
    let mut out = output.stdout();
    for line in lines {
        writeln!(out, "{}", printable(&output.text(line)))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn refused(path: &Path, why: Message) -> Failure {
    Failure::new(Message::new("cli.release-refused").with("path", path.display()).reason("why", why))
}

fn read(path: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = open::regular(path)?;
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).with_context(|| open::cannot_read(path))?;
    if bytes.len() as u64 > most {
        return Err(refused(path, BadRelease::TooLarge { bytes: bytes.len() as u64, most }.message()).into());
    }
    Ok(bytes)
}
