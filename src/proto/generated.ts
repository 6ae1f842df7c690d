// Generated from proto/ by `deno task proto`. Don't edit.
import type Long from "long";

export interface EchoRequest {
  payload: string;
  timestamp: Long;
}
export interface EchoRequestInit {
  payload?: string | null;
  timestamp?: Long | number | string | null;
}

export interface EchoResponse {
  payload: string;
  request_timestamp: Long;
  response_timestamp: Long;
}
export interface EchoResponseInit {
  payload?: string | null;
  request_timestamp?: Long | number | string | null;
  response_timestamp?: Long | number | string | null;
}

export const KeyType = {
  RSA: 0,
  ECC: 1,
} as const;

export const SigningAlgorithm = {
  RSA_PKCS1_SHA256: 0,
  RSA_PSS_SHA256: 1,
  ECDSA_P256_SHA256: 2,
  ECDSA_P384_SHA256: 3,
  ECDSA_P384_SHA384: 16,
} as const;

export interface SignRequest {
  data: Uint8Array;
  key_type: number;
  algorithm: number;
  timestamp: Long;
}
export interface SignRequestInit {
  data?: Uint8Array | null;
  key_type?: number | null;
  algorithm?: number | null;
  timestamp?: Long | number | string | null;
}

export interface SignResponse {
  signature: Uint8Array;
  key_type: number;
  algorithm: number;
  request_timestamp: Long;
  response_timestamp: Long;
}
export interface SignResponseInit {
  signature?: Uint8Array | null;
  key_type?: number | null;
  algorithm?: number | null;
  request_timestamp?: Long | number | string | null;
  response_timestamp?: Long | number | string | null;
}

export interface PublicKeyRequest {
  key_type: number;
  timestamp: Long;
  algorithm?: number | null;
}
export interface PublicKeyRequestInit {
  key_type?: number | null;
  timestamp?: Long | number | string | null;
  algorithm?: number | null;
}

export interface PublicKeyResponse {
  public_key_der: Uint8Array;
  key_type: number;
  request_timestamp: Long;
  response_timestamp: Long;
}
export interface PublicKeyResponseInit {
  public_key_der?: Uint8Array | null;
  key_type?: number | null;
  request_timestamp?: Long | number | string | null;
  response_timestamp?: Long | number | string | null;
}

export const Role = {
  ROLE_UNSPECIFIED: 0,
  USER: 1,
  OPERATOR: 2,
  ADMIN: 3,
} as const;

export interface ChallengeRequest {

}
export interface ChallengeRequestInit {

}

export interface ChallengeResponse {
  nonce: Uint8Array;
  instance_id: string;
  lifetime_ms: Long;
}
export interface ChallengeResponseInit {
  nonce?: Uint8Array | null;
  instance_id?: string | null;
  lifetime_ms?: Long | number | string | null;
}

export interface Proof {
  key_id: Uint8Array;
  nonce: Uint8Array;
  signature: Uint8Array;
}
export interface ProofInit {
  key_id?: Uint8Array | null;
  nonce?: Uint8Array | null;
  signature?: Uint8Array | null;
}

export interface WhoAmIRequest {

}
export interface WhoAmIRequestInit {

}

export interface WhoAmIResponse {
  identity: string;
  role: number;
  transport: string;
  keys: string[];
}
export interface WhoAmIResponseInit {
  identity?: string | null;
  role?: number | null;
  transport?: string | null;
  keys?: (string)[] | null;
}

export interface Admin {
  name: string;
  role: number;
  public_key_der: Uint8Array;
  key_id: Uint8Array;
  added_at_ms: Long;
  added_by: string;
}
export interface AdminInit {
  name?: string | null;
  role?: number | null;
  public_key_der?: Uint8Array | null;
  key_id?: Uint8Array | null;
  added_at_ms?: Long | number | string | null;
  added_by?: string | null;
}

export interface ListAdminsRequest {

}
export interface ListAdminsRequestInit {

}

export interface ListAdminsResponse {
  admins: Admin[];
}
export interface ListAdminsResponseInit {
  admins?: (AdminInit)[] | null;
}

export interface AddAdminRequest {
  name: string;
  role: number;
  public_key_der: Uint8Array;
}
export interface AddAdminRequestInit {
  name?: string | null;
  role?: number | null;
  public_key_der?: Uint8Array | null;
}

export interface RemoveAdminRequest {
  name: string;
}
export interface RemoveAdminRequestInit {
  name?: string | null;
}

export interface RemoveAdminResponse {

}
export interface RemoveAdminResponseInit {

}

export interface ConfigVersion {
  version: Long;
  toml: string;
  applied_at_ms: Long;
  applied_by: string;
  comment: string;
  confirm_by_ms: Long;
  tls?: TlsMaterial | null;
  in_force: boolean;
  warnings: string[];
}
export interface ConfigVersionInit {
  version?: Long | number | string | null;
  toml?: string | null;
  applied_at_ms?: Long | number | string | null;
  applied_by?: string | null;
  comment?: string | null;
  confirm_by_ms?: Long | number | string | null;
  tls?: TlsMaterialInit | null;
  in_force?: boolean | null;
  warnings?: (string)[] | null;
}

export interface TlsMaterial {
  certificate_pem?: string | null;
  private_key_pem?: string | null;
  client_ca_pem?: string | null;
  crl_pem?: string | null;
}
export interface TlsMaterialInit {
  certificate_pem?: string | null;
  private_key_pem?: string | null;
  client_ca_pem?: string | null;
  crl_pem?: string | null;
}

export interface GetConfigRequest {
  version: Long;
}
export interface GetConfigRequestInit {
  version?: Long | number | string | null;
}

export interface ApplyConfigRequest {
  expected_version: Long;
  toml?: string | null;
  tls?: TlsMaterial | null;
  confirm_within_s: number;
  comment: string;
  dry_run: boolean;
}
export interface ApplyConfigRequestInit {
  expected_version?: Long | number | string | null;
  toml?: string | null;
  tls?: TlsMaterialInit | null;
  confirm_within_s?: number | null;
  comment?: string | null;
  dry_run?: boolean | null;
}

export interface ConfirmConfigRequest {
  version: Long;
}
export interface ConfirmConfigRequestInit {
  version?: Long | number | string | null;
}

export interface ConfigHistoryRequest {

}
export interface ConfigHistoryRequestInit {

}

export interface ConfigHistoryResponse {
  versions: ConfigVersion[];
}
export interface ConfigHistoryResponseInit {
  versions?: (ConfigVersionInit)[] | null;
}

export interface RollbackConfigRequest {
  version: Long;
  expected_version: Long;
  confirm_within_s: number;
}
export interface RollbackConfigRequestInit {
  version?: Long | number | string | null;
  expected_version?: Long | number | string | null;
  confirm_within_s?: number | null;
}

export interface GetStatusRequest {

}
export interface GetStatusRequestInit {

}

export interface GetStatusResponse {
  version: string;
  instance_id: string;
  started_at_ms: Long;
  uptime_ms: Long;
  clock?: Clock | null;
  config_version: Long;
  confirm_by_ms: Long;
  transports: Transport[];
  certificates: Certificate[];
  units: Unit[];
  last_event: Long;
}
export interface GetStatusResponseInit {
  version?: string | null;
  instance_id?: string | null;
  started_at_ms?: Long | number | string | null;
  uptime_ms?: Long | number | string | null;
  clock?: ClockInit | null;
  config_version?: Long | number | string | null;
  confirm_by_ms?: Long | number | string | null;
  transports?: (TransportInit)[] | null;
  certificates?: (CertificateInit)[] | null;
  units?: (UnitInit)[] | null;
  last_event?: Long | number | string | null;
}

export interface Clock {
  now_ms: Long;
  known: boolean;
  reason: string;
}
export interface ClockInit {
  now_ms?: Long | number | string | null;
  known?: boolean | null;
  reason?: string | null;
}

export interface Transport {
  address: string;
  protection: string;
  connections: number;
}
export interface TransportInit {
  address?: string | null;
  protection?: string | null;
  connections?: number | null;
}

export interface Certificate {
  use: number;
  state: number;
  subject: string;
  names: string[];
  not_before_ms: Long;
  not_after_ms: Long;
  sha256: Uint8Array;
}
export interface CertificateInit {
  use?: number | null;
  state?: number | null;
  subject?: string | null;
  names?: (string)[] | null;
  not_before_ms?: Long | number | string | null;
  not_after_ms?: Long | number | string | null;
  sha256?: Uint8Array | null;
}

export const CertificateUse = {
  USE_UNSPECIFIED: 0,
  SERVER: 1,
  CLIENT_CA: 2,
} as const;

export const CertificateState = {
  STATE_UNSPECIFIED: 0,
  VALID: 1,
  NEAR_EXPIRY: 2,
  EXPIRED: 3,
  NOT_YET_VALID: 4,
} as const;

export interface Unit {
  name: string;
  healthy: boolean;
  detail: string;
}
export interface UnitInit {
  name?: string | null;
  healthy?: boolean | null;
  detail?: string | null;
}

export interface WatchEventsRequest {
  after_sequence: Long;
  include_kept: boolean;
}
export interface WatchEventsRequestInit {
  after_sequence?: Long | number | string | null;
  include_kept?: boolean | null;
}

export interface Event {
  sequence: Long;
  at_ms: Long;
  kind: number;
  message: string;
  fields: Record<string, string>;
}
export interface EventInit {
  sequence?: Long | number | string | null;
  at_ms?: Long | number | string | null;
  kind?: number | null;
  message?: string | null;
  fields?: Record<string, string> | null;
}

export const EventKind = {
  KIND_UNSPECIFIED: 0,
  STARTED: 1,
  STOPPING: 2,
  CONFIG_APPLIED: 3,
  CONFIG_CONFIRMED: 4,
  CONFIG_REVERTED: 5,
  CERTIFICATE_NEAR_EXPIRY: 6,
  CERTIFICATE_EXPIRED: 7,
  DENIED: 8,
  SIGNER_LOST: 9,
  SIGNER_BACK: 10,
  EDGE_LOST: 11,
  EDGE_BACK: 12,
  ADMIN_ADDED: 13,
  ADMIN_REMOVED: 14,
  CLOCK_UNKNOWN: 15,
  CLOCK_KNOWN: 16,
} as const;

export const SignerAlgorithm = {
  ALGORITHM_UNSPECIFIED: 0,
  RSA_PKCS1_SHA256: 1,
  RSA_PSS_SHA256: 2,
  ECDSA_P256_SHA256: 3,
  ECDSA_P384_SHA256: 4,
  ECDSA_P384_SHA384: 5,
} as const;

export interface SignerListKeysRequest {

}
export interface SignerListKeysRequestInit {

}

export interface SignerListKeysResponse {
  keys: SignerKey[];
}
export interface SignerListKeysResponseInit {
  keys?: (SignerKeyInit)[] | null;
}

export interface SignerKey {
  name: string;
  algorithms: number[];
  public_key_der: Uint8Array;
  created_at: Long;
}
export interface SignerKeyInit {
  name?: string | null;
  algorithms?: (number)[] | null;
  public_key_der?: Uint8Array | null;
  created_at?: Long | number | string | null;
}

export interface SignerSignBatchRequest {
  items: SignerSignItem[];
}
export interface SignerSignBatchRequestInit {
  items?: (SignerSignItemInit)[] | null;
}

export interface SignerSignItem {
  id: number;
  key: string;
  algorithm: number;
  data: Uint8Array;
}
export interface SignerSignItemInit {
  id?: number | null;
  key?: string | null;
  algorithm?: number | null;
  data?: Uint8Array | null;
}

export interface SignerSignBatchResponse {
  results: SignerSignResult[];
}
export interface SignerSignBatchResponseInit {
  results?: (SignerSignResultInit)[] | null;
}

export interface SignerSignResult {
  id: number;
  signature?: Uint8Array | null;
  failure?: SignerFailure | null;
}
export interface SignerSignResultInit {
  id?: number | null;
  signature?: Uint8Array | null;
  failure?: SignerFailureInit | null;
}

export interface SignerFailure {
  code: number;
  message: string;
}
export interface SignerFailureInit {
  code?: number | null;
  message?: string | null;
}

export interface ProtobufAny {
  type_url: string;
  value: Uint8Array;
}
export interface ProtobufAnyInit {
  type_url?: string | null;
  value?: Uint8Array | null;
}

export interface RpcStatus {
  code: number;
  message: string;
  details: ProtobufAny[];
}
export interface RpcStatusInit {
  code?: number | null;
  message?: string | null;
  details?: (ProtobufAnyInit)[] | null;
}

export interface RpcBadRequest {
  field_violations: RpcBadRequestFieldViolation[];
}
export interface RpcBadRequestInit {
  field_violations?: (RpcBadRequestFieldViolationInit)[] | null;
}

export interface RpcBadRequestFieldViolation {
  field: string;
  description: string;
  reason: string;
}
export interface RpcBadRequestFieldViolationInit {
  field?: string | null;
  description?: string | null;
  reason?: string | null;
}

export interface RpcErrorInfo {
  reason: string;
  domain: string;
  metadata: Record<string, string>;
}
export interface RpcErrorInfoInit {
  reason?: string | null;
  domain?: string | null;
  metadata?: Record<string, string> | null;
}

export const API_DESCRIPTORS = {
 "nested": {
  "echo": {
   "nested": {
    "EchoService": {
     "methods": {
      "Echo": {
       "requestType": "EchoRequest",
       "responseType": "EchoResponse"
      }
     }
    },
    "EchoRequest": {
     "fields": {
      "payload": {
       "type": "string",
       "id": 1
      },
      "timestamp": {
       "type": "int64",
       "id": 2
      }
     }
    },
    "EchoResponse": {
     "fields": {
      "payload": {
       "type": "string",
       "id": 1
      },
      "request_timestamp": {
       "type": "int64",
       "id": 2
      },
      "response_timestamp": {
       "type": "int64",
       "id": 3
      }
     }
    }
   }
  },
  "crypto": {
   "nested": {
    "CryptoService": {
     "methods": {
      "Sign": {
       "requestType": "SignRequest",
       "responseType": "SignResponse"
      },
      "GetPublicKey": {
       "requestType": "PublicKeyRequest",
       "responseType": "PublicKeyResponse"
      }
     }
    },
    "KeyType": {
     "values": {
      "RSA": 0,
      "ECC": 1
     }
    },
    "SigningAlgorithm": {
     "values": {
      "RSA_PKCS1_SHA256": 0,
      "RSA_PSS_SHA256": 1,
      "ECDSA_P256_SHA256": 2,
      "ECDSA_P384_SHA256": 3,
      "ECDSA_P384_SHA384": 16
     }
    },
    "SignRequest": {
     "fields": {
      "data": {
       "type": "bytes",
       "id": 1
      },
      "key_type": {
       "type": "KeyType",
       "id": 2
      },
      "algorithm": {
       "type": "SigningAlgorithm",
       "id": 3
      },
      "timestamp": {
       "type": "int64",
       "id": 4
      }
     }
    },
    "SignResponse": {
     "fields": {
      "signature": {
       "type": "bytes",
       "id": 1
      },
      "key_type": {
       "type": "KeyType",
       "id": 2
      },
      "algorithm": {
       "type": "SigningAlgorithm",
       "id": 3
      },
      "request_timestamp": {
       "type": "int64",
       "id": 4
      },
      "response_timestamp": {
       "type": "int64",
       "id": 5
      }
     }
    },
    "PublicKeyRequest": {
     "oneofs": {
      "_algorithm": {
       "oneof": [
        "algorithm"
       ]
      }
     },
     "fields": {
      "key_type": {
       "type": "KeyType",
       "id": 1
      },
      "timestamp": {
       "type": "int64",
       "id": 2
      },
      "algorithm": {
       "type": "SigningAlgorithm",
       "id": 16,
       "options": {
        "proto3_optional": true
       }
      }
     }
    },
    "PublicKeyResponse": {
     "fields": {
      "public_key_der": {
       "type": "bytes",
       "id": 1
      },
      "key_type": {
       "type": "KeyType",
       "id": 2
      },
      "request_timestamp": {
       "type": "int64",
       "id": 3
      },
      "response_timestamp": {
       "type": "int64",
       "id": 4
      }
     }
    }
   }
  },
  "gatehouse": {
   "nested": {
    "v1": {
     "nested": {
      "Access": {
       "methods": {
        "Challenge": {
         "requestType": "ChallengeRequest",
         "responseType": "ChallengeResponse"
        },
        "WhoAmI": {
         "requestType": "WhoAmIRequest",
         "responseType": "WhoAmIResponse"
        }
       }
      },
      "Admins": {
       "methods": {
        "List": {
         "requestType": "ListAdminsRequest",
         "responseType": "ListAdminsResponse"
        },
        "Add": {
         "requestType": "AddAdminRequest",
         "responseType": "Admin"
        },
        "Remove": {
         "requestType": "RemoveAdminRequest",
         "responseType": "RemoveAdminResponse"
        }
       }
      },
      "Role": {
       "values": {
        "ROLE_UNSPECIFIED": 0,
        "USER": 1,
        "OPERATOR": 2,
        "ADMIN": 3
       }
      },
      "ChallengeRequest": {
       "fields": {}
      },
      "ChallengeResponse": {
       "fields": {
        "nonce": {
         "type": "bytes",
         "id": 1
        },
        "instance_id": {
         "type": "string",
         "id": 2
        },
        "lifetime_ms": {
         "type": "int64",
         "id": 3
        }
       }
      },
      "Proof": {
       "fields": {
        "key_id": {
         "type": "bytes",
         "id": 1
        },
        "nonce": {
         "type": "bytes",
         "id": 2
        },
        "signature": {
         "type": "bytes",
         "id": 3
        }
       }
      },
      "WhoAmIRequest": {
       "fields": {}
      },
      "WhoAmIResponse": {
       "fields": {
        "identity": {
         "type": "string",
         "id": 1
        },
        "role": {
         "type": "Role",
         "id": 2
        },
        "transport": {
         "type": "string",
         "id": 3
        },
        "keys": {
         "rule": "repeated",
         "type": "string",
         "id": 4
        }
       }
      },
      "Admin": {
       "fields": {
        "name": {
         "type": "string",
         "id": 1
        },
        "role": {
         "type": "Role",
         "id": 2
        },
        "public_key_der": {
         "type": "bytes",
         "id": 3
        },
        "key_id": {
         "type": "bytes",
         "id": 4
        },
        "added_at_ms": {
         "type": "int64",
         "id": 5
        },
        "added_by": {
         "type": "string",
         "id": 6
        }
       }
      },
      "ListAdminsRequest": {
       "fields": {}
      },
      "ListAdminsResponse": {
       "fields": {
        "admins": {
         "rule": "repeated",
         "type": "Admin",
         "id": 1
        }
       }
      },
      "AddAdminRequest": {
       "fields": {
        "name": {
         "type": "string",
         "id": 1
        },
        "role": {
         "type": "Role",
         "id": 2
        },
        "public_key_der": {
         "type": "bytes",
         "id": 3
        }
       }
      },
      "RemoveAdminRequest": {
       "fields": {
        "name": {
         "type": "string",
         "id": 1
        }
       }
      },
      "RemoveAdminResponse": {
       "fields": {}
      },
      "Config": {
       "methods": {
        "Get": {
         "requestType": "GetConfigRequest",
         "responseType": "ConfigVersion"
        },
        "Apply": {
         "requestType": "ApplyConfigRequest",
         "responseType": "ConfigVersion"
        },
        "Confirm": {
         "requestType": "ConfirmConfigRequest",
         "responseType": "ConfigVersion"
        },
        "History": {
         "requestType": "ConfigHistoryRequest",
         "responseType": "ConfigHistoryResponse"
        },
        "Rollback": {
         "requestType": "RollbackConfigRequest",
         "responseType": "ConfigVersion"
        }
       }
      },
      "ConfigVersion": {
       "fields": {
        "version": {
         "type": "uint64",
         "id": 1
        },
        "toml": {
         "type": "string",
         "id": 2
        },
        "applied_at_ms": {
         "type": "int64",
         "id": 3
        },
        "applied_by": {
         "type": "string",
         "id": 4
        },
        "comment": {
         "type": "string",
         "id": 5
        },
        "confirm_by_ms": {
         "type": "int64",
         "id": 6
        },
        "tls": {
         "type": "TlsMaterial",
         "id": 7
        },
        "in_force": {
         "type": "bool",
         "id": 8
        },
        "warnings": {
         "rule": "repeated",
         "type": "string",
         "id": 9
        }
       }
      },
      "TlsMaterial": {
       "oneofs": {
        "_certificate_pem": {
         "oneof": [
          "certificate_pem"
         ]
        },
        "_private_key_pem": {
         "oneof": [
          "private_key_pem"
         ]
        },
        "_client_ca_pem": {
         "oneof": [
          "client_ca_pem"
         ]
        },
        "_crl_pem": {
         "oneof": [
          "crl_pem"
         ]
        }
       },
       "fields": {
        "certificate_pem": {
         "type": "string",
         "id": 1,
         "options": {
          "proto3_optional": true
         }
        },
        "private_key_pem": {
         "type": "string",
         "id": 2,
         "options": {
          "proto3_optional": true
         }
        },
        "client_ca_pem": {
         "type": "string",
         "id": 3,
         "options": {
          "proto3_optional": true
         }
        },
        "crl_pem": {
         "type": "string",
         "id": 4,
         "options": {
          "proto3_optional": true
         }
        }
       }
      },
      "GetConfigRequest": {
       "fields": {
        "version": {
         "type": "uint64",
         "id": 1
        }
       }
      },
      "ApplyConfigRequest": {
       "oneofs": {
        "_toml": {
         "oneof": [
          "toml"
         ]
        }
       },
       "fields": {
        "expected_version": {
         "type": "uint64",
         "id": 1
        },
        "toml": {
         "type": "string",
         "id": 2,
         "options": {
          "proto3_optional": true
         }
        },
        "tls": {
         "type": "TlsMaterial",
         "id": 3
        },
        "confirm_within_s": {
         "type": "uint32",
         "id": 4
        },
        "comment": {
         "type": "string",
         "id": 5
        },
        "dry_run": {
         "type": "bool",
         "id": 6
        }
       }
      },
      "ConfirmConfigRequest": {
       "fields": {
        "version": {
         "type": "uint64",
         "id": 1
        }
       }
      },
      "ConfigHistoryRequest": {
       "fields": {}
      },
      "ConfigHistoryResponse": {
       "fields": {
        "versions": {
         "rule": "repeated",
         "type": "ConfigVersion",
         "id": 1
        }
       }
      },
      "RollbackConfigRequest": {
       "fields": {
        "version": {
         "type": "uint64",
         "id": 1
        },
        "expected_version": {
         "type": "uint64",
         "id": 2
        },
        "confirm_within_s": {
         "type": "uint32",
         "id": 3
        }
       }
      },
      "Status": {
       "methods": {
        "Get": {
         "requestType": "GetStatusRequest",
         "responseType": "GetStatusResponse"
        }
       }
      },
      "Events": {
       "methods": {
        "Watch": {
         "requestType": "WatchEventsRequest",
         "responseType": "Event",
         "responseStream": true
        }
       }
      },
      "GetStatusRequest": {
       "fields": {}
      },
      "GetStatusResponse": {
       "fields": {
        "version": {
         "type": "string",
         "id": 1
        },
        "instance_id": {
         "type": "string",
         "id": 2
        },
        "started_at_ms": {
         "type": "int64",
         "id": 3
        },
        "uptime_ms": {
         "type": "int64",
         "id": 4
        },
        "clock": {
         "type": "Clock",
         "id": 5
        },
        "config_version": {
         "type": "uint64",
         "id": 6
        },
        "confirm_by_ms": {
         "type": "int64",
         "id": 7
        },
        "transports": {
         "rule": "repeated",
         "type": "Transport",
         "id": 8
        },
        "certificates": {
         "rule": "repeated",
         "type": "Certificate",
         "id": 9
        },
        "units": {
         "rule": "repeated",
         "type": "Unit",
         "id": 10
        },
        "last_event": {
         "type": "uint64",
         "id": 11
        }
       }
      },
      "Clock": {
       "fields": {
        "now_ms": {
         "type": "int64",
         "id": 1
        },
        "known": {
         "type": "bool",
         "id": 2
        },
        "reason": {
         "type": "string",
         "id": 3
        }
       }
      },
      "Transport": {
       "fields": {
        "address": {
         "type": "string",
         "id": 1
        },
        "protection": {
         "type": "string",
         "id": 2
        },
        "connections": {
         "type": "uint32",
         "id": 3
        }
       }
      },
      "Certificate": {
       "fields": {
        "use": {
         "type": "Use",
         "id": 1
        },
        "state": {
         "type": "State",
         "id": 2
        },
        "subject": {
         "type": "string",
         "id": 3
        },
        "names": {
         "rule": "repeated",
         "type": "string",
         "id": 4
        },
        "not_before_ms": {
         "type": "int64",
         "id": 5
        },
        "not_after_ms": {
         "type": "int64",
         "id": 6
        },
        "sha256": {
         "type": "bytes",
         "id": 7
        }
       },
       "nested": {
        "Use": {
         "values": {
          "USE_UNSPECIFIED": 0,
          "SERVER": 1,
          "CLIENT_CA": 2
         }
        },
        "State": {
         "values": {
          "STATE_UNSPECIFIED": 0,
          "VALID": 1,
          "NEAR_EXPIRY": 2,
          "EXPIRED": 3,
          "NOT_YET_VALID": 4
         }
        }
       }
      },
      "Unit": {
       "fields": {
        "name": {
         "type": "string",
         "id": 1
        },
        "healthy": {
         "type": "bool",
         "id": 2
        },
        "detail": {
         "type": "string",
         "id": 3
        }
       }
      },
      "WatchEventsRequest": {
       "fields": {
        "after_sequence": {
         "type": "uint64",
         "id": 1
        },
        "include_kept": {
         "type": "bool",
         "id": 2
        }
       }
      },
      "Event": {
       "fields": {
        "sequence": {
         "type": "uint64",
         "id": 1
        },
        "at_ms": {
         "type": "int64",
         "id": 2
        },
        "kind": {
         "type": "Kind",
         "id": 3
        },
        "message": {
         "type": "string",
         "id": 4
        },
        "fields": {
         "keyType": "string",
         "type": "string",
         "id": 5
        }
       },
       "nested": {
        "Kind": {
         "values": {
          "KIND_UNSPECIFIED": 0,
          "STARTED": 1,
          "STOPPING": 2,
          "CONFIG_APPLIED": 3,
          "CONFIG_CONFIRMED": 4,
          "CONFIG_REVERTED": 5,
          "CERTIFICATE_NEAR_EXPIRY": 6,
          "CERTIFICATE_EXPIRED": 7,
          "DENIED": 8,
          "SIGNER_LOST": 9,
          "SIGNER_BACK": 10,
          "EDGE_LOST": 11,
          "EDGE_BACK": 12,
          "ADMIN_ADDED": 13,
          "ADMIN_REMOVED": 14,
          "CLOCK_UNKNOWN": 15,
          "CLOCK_KNOWN": 16
         }
        }
       }
      }
     }
    }
   }
  }
 }
};

export const INTERNAL_DESCRIPTORS = {
 "nested": {
  "gatehouse": {
   "nested": {
    "signer": {
     "nested": {
      "v1": {
       "nested": {
        "SignerService": {
         "methods": {
          "ListKeys": {
           "requestType": "ListKeysRequest",
           "responseType": "ListKeysResponse"
          },
          "Sign": {
           "requestType": "SignBatchRequest",
           "requestStream": true,
           "responseType": "SignBatchResponse",
           "responseStream": true
          }
         }
        },
        "Algorithm": {
         "values": {
          "ALGORITHM_UNSPECIFIED": 0,
          "RSA_PKCS1_SHA256": 1,
          "RSA_PSS_SHA256": 2,
          "ECDSA_P256_SHA256": 3,
          "ECDSA_P384_SHA256": 4,
          "ECDSA_P384_SHA384": 5
         }
        },
        "ListKeysRequest": {
         "fields": {}
        },
        "ListKeysResponse": {
         "fields": {
          "keys": {
           "rule": "repeated",
           "type": "Key",
           "id": 1
          }
         }
        },
        "Key": {
         "fields": {
          "name": {
           "type": "string",
           "id": 1
          },
          "algorithms": {
           "rule": "repeated",
           "type": "Algorithm",
           "id": 2
          },
          "public_key_der": {
           "type": "bytes",
           "id": 3
          },
          "created_at": {
           "type": "int64",
           "id": 4
          }
         }
        },
        "SignBatchRequest": {
         "fields": {
          "items": {
           "rule": "repeated",
           "type": "SignItem",
           "id": 1
          }
         }
        },
        "SignItem": {
         "fields": {
          "id": {
           "type": "uint32",
           "id": 1
          },
          "key": {
           "type": "string",
           "id": 2
          },
          "algorithm": {
           "type": "Algorithm",
           "id": 3
          },
          "data": {
           "type": "bytes",
           "id": 4
          }
         }
        },
        "SignBatchResponse": {
         "fields": {
          "results": {
           "rule": "repeated",
           "type": "SignResult",
           "id": 1
          }
         }
        },
        "SignResult": {
         "oneofs": {
          "outcome": {
           "oneof": [
            "signature",
            "failure"
           ]
          }
         },
         "fields": {
          "id": {
           "type": "uint32",
           "id": 1
          },
          "signature": {
           "type": "bytes",
           "id": 2
          },
          "failure": {
           "type": "Failure",
           "id": 3
          }
         }
        },
        "Failure": {
         "fields": {
          "code": {
           "type": "int32",
           "id": 1
          },
          "message": {
           "type": "string",
           "id": 2
          }
         }
        }
       }
      }
     }
    }
   }
  },
  "google": {
   "nested": {
    "protobuf": {
     "nested": {
      "Any": {
       "fields": {
        "type_url": {
         "type": "string",
         "id": 1
        },
        "value": {
         "type": "bytes",
         "id": 2
        }
       }
      }
     }
    },
    "rpc": {
     "nested": {
      "Status": {
       "fields": {
        "code": {
         "type": "int32",
         "id": 1
        },
        "message": {
         "type": "string",
         "id": 2
        },
        "details": {
         "rule": "repeated",
         "type": "google.protobuf.Any",
         "id": 3
        }
       }
      },
      "BadRequest": {
       "fields": {
        "field_violations": {
         "rule": "repeated",
         "type": "FieldViolation",
         "id": 1
        }
       },
       "nested": {
        "FieldViolation": {
         "fields": {
          "field": {
           "type": "string",
           "id": 1
          },
          "description": {
           "type": "string",
           "id": 2
          },
          "reason": {
           "type": "string",
           "id": 3
          }
         }
        }
       }
      },
      "ErrorInfo": {
       "fields": {
        "reason": {
         "type": "string",
         "id": 1
        },
        "domain": {
         "type": "string",
         "id": 2
        },
        "metadata": {
         "keyType": "string",
         "type": "string",
         "id": 3
        }
       }
      }
     }
    }
   }
  }
 }
};
