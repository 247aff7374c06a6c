//! label BYTES LAYERS DIR [--porep-id HEX] [--replica-id HEX]: the labels of a sector of any size that is a power of
//! two, by the proofs library that Filecoin's sealers use: its multicore path if FIL_PROOFS_USE_MULTICORE_SDR=1, else
//! its single-core path. The layers are written to DIR, which must not hold any.
//!
//! stdout gets 'layer <k> <seconds> <sha256>' for each layer, and 'total <seconds>'. The seconds are of labelling
//! alone, without the file of parents (made before, if it is missing) and without writing the layer. The library says
//! in its log when a layer begins and when it is labelled; these messages are the marks.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure, Context, Result};
use filecoin_proofs::{DefaultTreeHasher, SectorShapeBase, DRG_DEGREE, EXP_DEGREE};
use log::{LevelFilter, Log, Metadata, Record};
use storage_proofs_core::{api_version::ApiVersion, settings::SETTINGS, util::NODE_SIZE};
use storage_proofs_porep::stacked::{
    create_label::{multi, single},
    StackedBucketGraph,
};

const USAGE: &str = "usage: label BYTES LAYERS DIR [--porep-id HEX] [--replica-id HEX]";

const LEAST_BYTES: u64 = 2048;
const REPLICA_ID: [u8; 32] = [9; 32];

/// A layer's times, by the library's messages.
struct LayerTimes {
    begun: Instant,
    labelled: Option<Instant>,
}

/// Notes when the library says that a layer begins, and that it is labelled.
struct Stopwatch {
    folder: PathBuf,
    layers: Mutex<Vec<LayerTimes>>,
}

impl Stopwatch {
    fn note(&self, message: &str) {
        let now = Instant::now();
        let mut layers = self.layers.lock().expect("poisoned lock");
        // The single-core path, and the multicore path.
        if message.starts_with("generating layer: ") || message.starts_with("Layer ") {
            layers.push(LayerTimes { begun: now, labelled: None });
        } else if message == "  storing labels on disk" {
            if let Some(layer) = layers.last_mut() {
                layer.labelled = Some(now);
            }
        } else if message.starts_with("  generated layer ") {
            // On disk before the next layer begins: the kernel's writing would take time from that one.
            let file = File::open(sealer::layer_file(&self.folder, layers.len()));
            file.and_then(|file| file.sync_all()).expect("cannot sync a layer");
        }
    }

    fn durations(&self, layers: usize) -> Result<Vec<Duration>> {
        let times = self.layers.lock().expect("poisoned lock");
        let durations: Option<Vec<_>> = times.iter().map(|layer| Some(layer.labelled? - layer.begun)).collect();
        match durations {
            Some(durations) if durations.len() == layers => Ok(durations),
            _ => bail!("the library's messages aren't those that this program knows: no times"),
        }
    }
}

impl Log for Stopwatch {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.target().starts_with("storage_proofs_porep::stacked::vanilla::create_label")
    }

    fn log(&self, record: &Record) {
        if self.enabled(record.metadata()) {
            self.note(&record.args().to_string());
        }
    }

    fn flush(&self) {}
}

struct Arguments {
    sector_size: u64,
    layers: usize,
    folder: PathBuf,
    porep_id: [u8; 32],
    replica_id: [u8; 32],
}

fn parse_id(text: &str) -> Result<[u8; 32]> {
    let mut id = [0; 32];
    hex::decode_to_slice(text, &mut id).with_context(|| format!("'{text}' isn't 64 hex digits"))?;
    Ok(id)
}

fn parse(arguments: &[String]) -> Result<Arguments> {
    let mut rest = arguments.iter();
    let sector_size = sealer::parse_size(sealer::required(&mut rest, "BYTES")?)?;
    ensure!(sector_size.is_power_of_two() && sector_size >= LEAST_BYTES, "BYTES must be a power of two, at least 2048");
    let layers = sealer::required(&mut rest, "LAYERS")?.parse().context("LAYERS must be a number")?;
    ensure!(layers > 0, "LAYERS must be at least 1");
    let folder = sealer::required(&mut rest, "DIR")?.into();
    let mut parsed =
        Arguments { sector_size, layers, folder, porep_id: sealer::porep_id(sector_size), replica_id: REPLICA_ID };
    while let Some(option) = rest.next() {
        match option.as_str() {
            "--porep-id" => parsed.porep_id = parse_id(sealer::required(&mut rest, "HEX")?)?,
            "--replica-id" => parsed.replica_id = parse_id(sealer::required(&mut rest, "HEX")?)?,
            other => bail!("unknown argument '{other}'"),
        }
    }
    Ok(parsed)
}

/// The library would read the layers that are there instead of labelling them.
fn require_no_layers(folder: &Path, layers: usize) -> Result<()> {
    for layer in 1..=layers {
        let file = sealer::layer_file(folder, layer);
        ensure!(!file.exists(), "{} exists already", file.display());
    }
    Ok(())
}

fn label(Arguments { sector_size, layers, folder, porep_id, replica_id }: Arguments) -> Result<()> {
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    require_no_layers(&folder, layers)?;

    let nodes = sector_size as usize / NODE_SIZE;
    let graph = StackedBucketGraph::<DefaultTreeHasher>::new(
        None,
        nodes,
        DRG_DEGREE,
        EXP_DEGREE,
        porep_id,
        ApiVersion::V1_1_0,
    )?;
    let mut parents = graph.parent_cache()?;

    let stopwatch: &'static Stopwatch =
        Box::leak(Box::new(Stopwatch { folder: folder.clone(), layers: Mutex::default() }));
    log::set_logger(stopwatch).expect("there is another logger");
    log::set_max_level(LevelFilter::Info);
    // The tree's shape doesn't concern the labels.
    if SETTINGS.use_multicore_sdr {
        multi::create_labels_for_encoding::<SectorShapeBase, _, _>(&graph, &parents, layers, replica_id, &folder)?;
    } else {
        single::create_labels_for_encoding::<SectorShapeBase, _, _>(
            &graph,
            &mut parents,
            layers,
            replica_id,
            &folder,
        )?;
    }

    let durations = stopwatch.durations(layers)?;
    for (layer, duration) in (1..).zip(&durations) {
        let digest = sealer::sha256_of_file(&sealer::layer_file(&folder, layer))?;
        println!("layer {layer} {:.6} {digest}", duration.as_secs_f64());
    }
    println!("total {:.6}", durations.iter().sum::<Duration>().as_secs_f64());
    Ok(())
}

fn main() -> ExitCode {
    sealer::run(USAGE, parse, label)
}
