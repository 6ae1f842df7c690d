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
