//! seal SIZE DIR [--phase1]: the first two phases of sealing one sector, pre-commit 1 (the labels) and pre-commit 2 (the
//! trees), or the first alone, by the proofs library that Filecoin's sealers use. The sector's content, ids and ticket are always the same.
//!
//! stdout gets comm_d, the SHA-256 of each layer, and, after the second phase, comm_r; and nothing else.
//!
//! A run that was killed is resumed by the same command: the library takes the layers that are complete from DIR/cache.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{bail, ensure, Context, Result};
use filecoin_proofs::{
    add_piece, seal_pre_commit_phase1, seal_pre_commit_phase2, PoRepConfig, SectorShapeBase, LAYERS,
    SECTOR_SIZE_2_KIB, SECTOR_SIZE_512_MIB, SECTOR_SIZE_8_MIB,
};
use storage_proofs_core::{api_version::ApiVersion, sector::SectorId};

const USAGE: &str = "usage: seal 2KiB|8MiB|512MiB DIR [--phase1]";

const PROVER_ID: [u8; 32] = [7; 32];
const TICKET: [u8; 32] = [42; 32];
const SECTOR_NUMBER: u64 = 1;

/// The sector's content: the little-endian words of SplitMix64, seed 0. Endless.
#[derive(Default)]
struct Content {
    state: u64,
    word: [u8; 8],
    /// How many bytes of the word have been read; 0 also if all.
    read: usize,
}

impl Content {
    fn next_word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for byte in buffer.iter_mut() {
            if self.read == 0 {
                self.word = self.next_word().to_le_bytes();
            }
            *byte = self.word[self.read];
            self.read = (self.read + 1) % self.word.len();
        }
        Ok(buffer.len())
    }
}

/// The library would also take half-built trees of a killed run as complete: it looks at the size of the files alone.
/// So only layers stay, which it renames to their names when they are complete.
fn remove_all_but_layers(cache: &Path) -> Result<()> {
    for entry in fs::read_dir(cache)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_layer = name.to_str().is_some_and(|name| name.starts_with("sc-02-data-layer-"));
        if !is_layer {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

struct Arguments {
    sector_size: u64,
    folder: PathBuf,
    only_phase1: bool,
}

fn parse(arguments: &[String]) -> Result<Arguments> {
    let mut rest = arguments.iter();
    let sector_size = sealer::parse_size(sealer::required(&mut rest, "SIZE")?)?;
    let sizes = [SECTOR_SIZE_2_KIB, SECTOR_SIZE_8_MIB, SECTOR_SIZE_512_MIB];
    ensure!(sizes.contains(&sector_size), "no proof for sectors of {sector_size} bytes");
    let folder = sealer::required(&mut rest, "DIR")?.into();
    let only_phase1 = match rest.next().map(String::as_str) {
        None => false,
        Some("--phase1") => true,
        Some(other) => bail!("unknown argument '{other}'"),
    };
    ensure!(rest.next().is_none(), "too many arguments");
    Ok(Arguments { sector_size, folder, only_phase1 })
}

fn seal(Arguments { sector_size, folder, only_phase1 }: Arguments) -> Result<()> {
    let [cache, unsealed, sealed] = ["cache", "unsealed", "sealed"].map(|name| folder.join(name));
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    remove_all_but_layers(&cache).with_context(|| format!("cannot clear {}", cache.display()))?;
    File::create(&sealed).with_context(|| format!("cannot create {}", sealed.display()))?;

    let config = PoRepConfig::new_groth16(sector_size, sealer::porep_id(sector_size), ApiVersion::V1_1_0);
    let piece_size = config.unpadded_bytes_amount();
    let content = Content::default().take(piece_size.into());
    let (piece, _) = add_piece(content, File::create(&unsealed)?, piece_size, &[])?;

    // All three sizes have trees of this shape.
    let phase1 = seal_pre_commit_phase1::<_, _, _, SectorShapeBase>(
        &config,
        &cache,
        &unsealed,
        &sealed,
        PROVER_ID,
        SectorId::from(SECTOR_NUMBER),
        TICKET,
        &[piece],
    )?;
    println!("comm_d {}", hex::encode(phase1.comm_d));
    let layers = LAYERS.read().expect("poisoned lock")[&sector_size];
    for layer in 1..=layers {
        println!("layer {layer} {}", sealer::sha256_of_file(&sealer::layer_file(&cache, layer))?);
    }
    if !only_phase1 {
        let commitments = seal_pre_commit_phase2(&config, phase1, &cache, &sealed)?;
        println!("comm_r {}", hex::encode(commitments.comm_r));
    }
    Ok(())
}

fn main() -> ExitCode {
    sealer::run(USAGE, parse, seal)
}
