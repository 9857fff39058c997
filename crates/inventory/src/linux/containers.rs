//! Containers: by the names of the control groups of processes, and by what Docker and Podman keep of theirs.

use super::{Container, lines, some};
use model::Message;
use serde::Deserialize;

/// Containers of one machine.
pub const CONTAINERS_MAX: usize = 10_000;
/// Hexadecimal digits of an id.
const ID_DIGITS: usize = 64;

/// The container that a process runs in, by the lines of its `/proc/N/cgroup`.
pub fn of_process(cgroup: &[u8]) -> Option<Container> {
    lines(cgroup).find_map(|(_, line)| {
        let path = std::str::from_utf8(line).ok()?.splitn(3, ':').nth(2)?;
        // The innermost: a container in a container is the one that the process is in.
        path.rsplit('/').find_map(|part| of_part(part, path))
    })
}

fn of_part(part: &str, path: &str) -> Option<Container> {
    let plain = part.strip_suffix(".scope").unwrap_or(part);
    let id = plain.get(plain.len().checked_sub(ID_DIGITS)?..)?;
    if !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let engine = match plain.strip_suffix(id)? {
        "docker-" => "docker",
        "libpod-" => "podman",
        "cri-containerd-" => "containerd",
        "crio-" => "cri-o",
        "" if path.contains("/docker/") => "docker",
        "" if path.contains("/kubepods") => "containerd",
        "" if path.contains("/libpod_parent/") => "podman",
        _ => return None,
    };
    Some(Container {
        id: id.to_ascii_lowercase(),
        engine: engine.to_owned(),
        running: Some(true),
        ..Container::default()
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerContainer {
    #[serde(rename = "ID")]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    config: DockerConfig,
    state: Option<DockerState>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct DockerConfig {
    image: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerState {
    #[serde(default)]
    running: bool,
}

/// `config.v2.json` of one of Docker's.
///
/// # Errors
/// Where the JSON is wrong, and how.
pub fn docker(bytes: &[u8]) -> Result<Container, Message> {
    let read: DockerContainer = serde_json::from_slice(bytes).map_err(|error| broken(&error))?;
    Ok(Container {
        id: some(read.id.as_bytes()).unwrap_or_default(),
        engine: "docker".to_owned(),
        name: some(read.name.trim_start_matches('/').as_bytes()),
        image: some(read.config.image.as_bytes()),
        running: read.state.map(|state| state.running),
    })
}

#[derive(Deserialize)]
struct PodmanContainer {
    id: String,
    #[serde(default)]
    names: Vec<String>,
    /// JSON in a text.
    #[serde(default)]
    metadata: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PodmanMetadata {
    #[serde(rename = "image-name")]
    image: String,
}

/// `overlay-containers/containers.json` of Podman's.
///
/// # Errors
/// Where the JSON is wrong, and how.
pub fn podman(bytes: &[u8]) -> Result<Vec<Container>, Message> {
    let read: Vec<PodmanContainer> = serde_json::from_slice(bytes).map_err(|error| broken(&error))?;
    let container = |read: PodmanContainer| {
        let metadata: PodmanMetadata = serde_json::from_str(&read.metadata).unwrap_or_default();
        Container {
            id: some(read.id.as_bytes()).unwrap_or_default(),
            engine: "podman".to_owned(),
            name: read.names.first().and_then(|name| some(name.as_bytes())),
            image: some(metadata.image.as_bytes()),
            running: None,
        }
    };
    Ok(read.into_iter().take(CONTAINERS_MAX).map(container).collect())
}

/// Where JSON is wrong, and how.
pub(super) fn broken(error: &serde_json::Error) -> Message {
    let number = |place: usize| i64::try_from(place).unwrap_or(i64::MAX);
    Message::new("linux.json")
        .number("line", number(error.line()))
        .number("column", number(error.column()))
        .with("error", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_names_its_container() {
        let id = "0123456789abcdef".repeat(4);
        for (path, want) in [
            (format!("0::/system.slice/docker-{id}.scope"), Some("docker")),
            (format!("12:pids:/docker/{id}"), Some("docker")),
            (format!("0::/machine.slice/libpod-{id}.scope/container"), Some("podman")),
            (format!("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-{id}.scope"), Some("containerd")),
            (format!("0::/kubepods/besteffort/pod1/{id}"), Some("containerd")),
            ("0::/system.slice/ssh.service".to_owned(), None),
            (format!("0::/é{}", id.get(1..).unwrap()), None),
        ] {
            assert_eq!(of_process(path.as_bytes()).map(|found| found.engine).as_deref(), want, "{path}");
        }
    }

    #[test]
    fn engines_say_what_they_run() {
        let docker = docker(
            br#"{"ID":"ab","Name":"/web","Config":{"Image":"nginx:1.27","Env":["A=b"]},"State":{"Running":true}}"#,
        )
        .unwrap();
        assert_eq!(
            (docker.name.as_deref(), docker.image.as_deref(), docker.running),
            (Some("web"), Some("nginx:1.27"), Some(true))
        );
        let podman =
            podman(br#"[{"id":"cd","names":["db"],"metadata":"{\"image-name\":\"docker.io/library/postgres:16\"}"}]"#)
                .unwrap();
        assert_eq!(podman[0].image.as_deref(), Some("docker.io/library/postgres:16"));
        let error = super::docker(b"{\n\"ID\": 7}").unwrap_err();
        assert_eq!((error.code.as_str(), error.params["line"].clone()), ("linux.json", model::Param::Number(2)));
    }
}
