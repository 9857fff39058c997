//! The model of types (Magika's, run by tract): loaded and made ready once, before there is any copy of this process.
//!
//! Only the one model is taken whose digest stands here: a file of this kind says how much memory and time its graph
//! takes, and nothing else is ever done with one that is not known.

use analysis::guesser::labels_of;
use formats::guess::{FEATURES, Guess, Model};
use model::Message;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tract_onnx::prelude::*;

/// The model `standard_v3_3` of Magika 1.0, and what its labels are called.
const MODEL: &str = "fe2d2eb49c5f88a9e0a6c048e15d6ffdf86235519c2afc535044de433169ec8c";
const LABELS: &str = "ae24c742205358f6ff6dfd5facb6743fb69743dbba8373e73da58ff0cbd695db";
const MODEL_BYTES_MAX: u64 = 16 << 20;

type Plan = Arc<TypedSimplePlan>;

/// A model that is ready.
pub struct Guesser {
    plan: Plan,
    labels: Labels,
    digest: String,
}

/// What lies beside the model: its labels in the order of its answers, and how sure it has to be of each.
#[derive(Deserialize)]
struct Labels {
    target_labels_space: Vec<String>,
    thresholds: BTreeMap<String, f32>,
    medium_confidence_threshold: f32,
}

impl Guesser {
    /// Loads the model from its file, and its labels from the one beside it.
    ///
    /// # Errors
    /// When one of them cannot be read, or is another than is known.
    pub fn load(path: &Path) -> Result<Guesser, Message> {
        let model = known(path, MODEL)?;
        let labels = known(&labels_of(path), LABELS)?;
        let unusable = |cause: String| unusable(path).with("cause", cause);
        let labels: Labels = serde_json::from_slice(&labels).map_err(|error| unusable(error.to_string()))?;
        let plan = ready(&model).map_err(|error| unusable(format!("{error:#}")))?;
        let guesser = Guesser { plan, labels, digest: MODEL.to_owned() };
        // What is made ready with the first run is so before there is a copy, and it is seen that answers have names.
        let scores = guesser.scores(&[256; FEATURES]).map_err(|error| unusable(format!("{error:#}")))?;
        if scores.len() != guesser.labels.target_labels_space.len() {
            return Err(unusable(format!("{} scores", scores.len())));
        }
        Ok(guesser)
    }

    pub fn digest(&self) -> &str {
        &self.digest
    }

    fn scores(&self, features: &[i32; FEATURES]) -> TractResult<Vec<f32>> {
        let input = Tensor::from_shape(&[1, FEATURES], features)?;
        let outputs = self.plan.run(tvec!(input.into()))?;
        let Some(scores) = outputs.first() else { return Ok(Vec::new()) };
        Ok(scores.to_plain_array_view::<f32>()?.iter().copied().collect())
    }
}

impl Model for Guesser {
    fn guess(&self, features: &[i32; FEATURES]) -> Result<Guess, Message> {
        let scores = self.scores(features).map_err(|error| Message::new("guess.failed").with("cause", error))?;
        let best = scores.iter().copied().zip(&self.labels.target_labels_space).max_by(|a, b| a.0.total_cmp(&b.0));
        let Some((score, label)) = best.filter(|(score, _)| score.is_finite()) else {
            return Err(Message::new("guess.failed").with("cause", "no score"));
        };
        let enough = self.labels.thresholds.get(label).copied().unwrap_or(self.labels.medium_confidence_threshold);
        Ok(Guess { label: label.clone(), score, is_sure: score >= enough })
    }
}

/// The bytes of a file that is known.
fn known(path: &Path, digest: &str) -> Result<Vec<u8>, Message> {
    let failed = |error: std::io::Error| unusable(path).reason("cause", &error);
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut std::io::Read::take(file, MODEL_BYTES_MAX), &mut bytes).map_err(failed)?;
    if analysis::report::hex(&Sha256::digest(&bytes)) == digest {
        Ok(bytes)
    } else {
        Err(Message::new("guess.model-unknown").with("path", path.display()))
    }
}

fn unusable(path: &Path) -> Message {
    Message::new("guess.model-unusable").with("path", path.display())
}

/// The graph for one file at a time, simplified.
fn ready(model: &[u8]) -> TractResult<Plan> {
    tract_onnx::onnx()
        .model_for_read(&mut &*model)?
        .with_input_fact(0, i32::fact([1, FEATURES]).into())?
        .into_optimized()?
        .into_runnable()
}
