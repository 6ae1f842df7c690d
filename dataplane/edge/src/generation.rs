//! The configuration in use: read when its files change, taken whole or not at all.
//! A bad one is logged and changes nothing.

use std::path::{Path, PathBuf};

use crate::config::{Config, Unusable};
use crate::limits::Limits;
use crate::tls::Tls;
use crate::watch::Watch;

/// One configuration with what its files hold.
pub struct Generation {
    pub config: Config,
    pub limits: Limits,
    pub tls: Option<Tls>,
}

/// Where configurations come from.
pub struct Source {
    file: PathBuf,
    watch: Watch,
    /// Where the file says nothing about a limit.
    limits: Limits,
}

impl Source {
    #[must_use]
    pub fn new(file: &Path, limits: Limits) -> Self {
        Self {
            file: file.to_owned(),
            watch: Watch::new(file.to_owned()),
            limits,
        }
    }

    /// Whether a file is another one than at the last look.
    pub fn changed(&mut self) -> bool {
        self.watch.changed()
    }

    /// # Errors
    /// Says which file and what to do.
    pub fn load(&mut self) -> Result<Generation, Unusable> {
        // Before anything is read: what changes from here on is seen at the next look.
        self.watch.changed();
        let config = Config::read(&self.file)?;
        let named = config.material.iter().flat_map(|material| material.paths());
        self.watch.name(named.cloned().collect());
        let tls = match &config.material {
            Some(material) => Some(Tls::load(material, self.limits.ticket_key_seconds)?),
            None => None,
        };
        Ok(Generation {
            limits: config.limits(&self.limits),
            config,
            tls,
        })
    }
}
