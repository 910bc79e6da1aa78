//! The sandbox's certificates: an authority of its own in DIR, and a leaf for every name a client asks for.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use time::{Duration, OffsetDateTime};

use super::private;

#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("cannot read or write the sandbox's certificate authority")]
    Io(#[from] io::Error),
    #[error("the sandbox's certificate authority is damaged")]
    Rcgen(#[from] rcgen::Error),
}

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

impl Authority {
    /// `ca.pem` and `ca.key` of DIR; made when they are not there.
    pub(crate) fn open(dir: &Path, now: OffsetDateTime) -> Result<Self, CertificateError> {
        let key = match fs::read_to_string(dir.join("ca.key")) {
            Ok(pem) => KeyPair::from_pem(&pem)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = KeyPair::generate()?;
                private::write(&dir.join("ca.key"), &key.serialize_pem())?;
                key
            }
            Err(error) => return Err(error.into()),
        };
        let params = authority(now)?;
        let pem = match fs::read_to_string(dir.join("ca.pem")) {
            Ok(pem) => pem,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let pem = params.self_signed(&key)?.pem();
                fs::write(dir.join("ca.pem"), &pem)?;
                pem
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            issuer: Issuer::new(params, key),
            pem,
        })
    }
}

/// The same name every time: leaves signed today chain to the `ca.pem` of the first day.
fn authority(now: OffsetDateTime) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params
        .distinguished_name
        .push(DnType::CommonName, "secgw sandbox CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = now - Duration::days(1);
    params.not_after = now + Duration::days(3650);
    Ok(params)
}

/// Answers every server name with a certificate for it: the host a client means decides which service it reaches.
pub(crate) struct Leaves {
    authority: Authority,
    key: KeyPair,
    address: IpAddr,
    now: OffsetDateTime,
    made: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl std::fmt::Debug for Leaves {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Leaves")
    }
}

impl Leaves {
    pub(crate) fn new(
        authority: Authority,
        address: IpAddr,
        now: OffsetDateTime,
    ) -> Result<Self, CertificateError> {
        Ok(Self {
            authority,
            key: KeyPair::generate()?,
            address,
            now,
            made: Mutex::new(HashMap::new()),
        })
    }

    fn make(&self, name: &str) -> Result<CertifiedKey, rcgen::Error> {
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        if name == LOOPBACK {
            for address in [
                IpAddr::from([127, 0, 0, 1]),
                IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
                self.address,
            ] {
                let address = SanType::IpAddress(address);
                if !params.subject_alt_names.contains(&address) {
                    params.subject_alt_names.push(address);
                }
            }
        }
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        params.not_before = self.now - Duration::days(1);
        params.not_after = self.now + Duration::days(365);
        let certificate = params.signed_by(&self.key, &self.authority.issuer)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key)
            .map_err(|_| rcgen::Error::CouldNotParseKeyPair)?;
        Ok(CertifiedKey::new(vec![certificate.der().clone()], key))
    }
}

/// The name of clients that ask for none: they come by address.
const LOOPBACK: &str = "localhost";

impl ResolvesServerCert for Leaves {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().unwrap_or(LOOPBACK).to_lowercase();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = made.get(&name) {
            return Some(Arc::clone(key));
        }
        let key = Arc::new(self.make(&name).ok()?);
        made.insert(name, Arc::clone(&key));
        Some(key)
    }
}
