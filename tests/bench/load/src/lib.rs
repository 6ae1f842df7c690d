// What the load generators of this workspace share. Holds no rule of any measurement.
pub mod pki;
pub mod process;
pub mod random;
pub mod tls;
