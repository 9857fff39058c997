//! `redoubt file send`: sends files to a server, which analyses them.

use super::found::Found;
use crate::args::FileSend;
use crate::commands::open;
use crate::interrupt;
use crate::output::{Exit, Failure, Output, json_line, printable};
use crate::remote::{Server, Trouble, told};
use api::wire::files::{FileAccepted, FilesAccepted};
use futures_util::stream::{self, Stream};
use model::Message;
use reqwest::{Body, Method};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// Bytes that are handed to the connection at a time.
const PORTION_BYTES: usize = 256 << 10;

pub fn run(task: &FileSend, output: &Output) -> anyhow::Result<Exit> {
    let mut found = Found::of(&task.paths)?;
    if found.is_empty() {
        return Err(Failure::new(Message::new("cli.file-nothing")).into());
    }
    let server = Server::at(&task.server)?;
    interrupt::reached(Message::new("cli.file-send-stopped"));
    let bar = crate::progress::bar(output, "cli.file-sending", found.files.len());
    let runtime = open::runtime()?;
    let mut out = output.stdout();
    let (mut sent, mut known) = (0_i64, 0_i64);
    for named in std::mem::take(&mut found.files) {
        interrupt::check()?;
        bar.inc(1);
        let opened = named.open();
        let path = named.path;
        let file = match opened {
            Ok(regular) => regular.file,
            Err(why) => {
                found.refused.push((path, why));
                continue;
            }
        };
        let accepted = runtime
            .block_on(send(&server, &path, file, task.host.as_ref()))
            .map_err(|trouble| server.failure(&trouble))?;
        for file in &accepted.files {
            sent += 1;
            known += i64::from(file.known);
            if task.json {
                json_line(&mut out, file)?;
            } else {
                bar.suspend(|| tell(&mut out, &path, file, output))?;
            }
        }
    }
    bar.finish_and_clear();
    if !task.json {
        let summary = Message::new("cli.file-sent").number("count", sent).number("known", known);
        writeln!(out, "{}", output.text(&summary))?;
    }
    out.flush()?;
    found.tell_refused(output);
    Ok(Exit::of(found.refused.len()))
}

fn tell(out: &mut impl Write, path: &Path, file: &FileAccepted, output: &Output) -> io::Result<()> {
    let name = output.bold(&printable(&path.display().to_string()));
    writeln!(out, "{name}\n  {}", output.dim(&file.sha256))
}

async fn send(
    server: &Server,
    path: &Path,
    file: File,
    host: Option<&std::net::IpAddr>,
) -> Result<FilesAccepted, Trouble> {
    let boundary = format!("redoubt-{}", std::process::id());
    // What would end the name in the head of a part, or the head, is no part of it.
    let name = path.file_name().unwrap_or_default().to_string_lossy().replace(['"', '\\', '\r', '\n'], "_");
    let head = format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         content-type: application/octet-stream\r\n\r\n"
    );
    let body = io::Cursor::new(head).chain(file).chain(io::Cursor::new(format!("\r\n--{boundary}--\r\n")));
    let query = host.map_or_else(String::new, |host| format!("?host={host}"));
    let request = server
        .request(Method::POST, &format!("files{query}"))
        .header("content-type", format!("multipart/form-data; boundary={boundary}"))
        .body(Body::wrap_stream(portions(body)));
    told(request).await
}

/// What a reader gives, in portions; it is read where waiting for a disk is in nobody's way.
fn portions(from: impl Read + Send + 'static) -> impl Stream<Item = io::Result<Vec<u8>>> {
    stream::try_unfold(from, |mut from| async move {
        let read = tokio::task::spawn_blocking(move || {
            let mut portion = vec![0; PORTION_BYTES];
            let read = from.read(&mut portion)?;
            portion.truncate(read);
            Ok::<_, io::Error>((portion, from))
        });
        let (portion, from) = read.await.map_err(io::Error::other)??;
        Ok(if portion.is_empty() { None } else { Some((portion, from)) })
    })
}
