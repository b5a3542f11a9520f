/* CMS of the OpenSSL that is linked into Node (3.5), as four functions: a second implementation that knows Ed25519 and
 * ML-DSA, which Debian's openssl (3.0) does not. node:crypto has no CMS; the symbols are there for native modules. */
#include <stddef.h>
#include <string.h>
#include <stdlib.h>
#include <stdint.h>

typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_callback_info__ *napi_callback_info;
typedef napi_value (*napi_callback)(napi_env, napi_callback_info);
int napi_create_function(napi_env, const char *, size_t, napi_callback, void *, napi_value *);
int napi_set_named_property(napi_env, napi_value, const char *, napi_value);
int napi_get_cb_info(napi_env, napi_callback_info, size_t *, napi_value *, napi_value *, void **);
int napi_get_buffer_info(napi_env, napi_value, void **, size_t *);
int napi_create_buffer_copy(napi_env, size_t, const void *, void **, napi_value *);
int napi_throw_error(napi_env, const char *, const char *);

typedef void BIO, X509, EVP_PKEY, CMS_ContentInfo, EVP_CIPHER, X509_STORE, STACK;
BIO *BIO_new(const void *), *BIO_new_mem_buf(const void *, int);
const void *BIO_s_mem(void);
long BIO_ctrl(BIO *, int, long, void *);
int BIO_free(BIO *);
X509 *PEM_read_bio_X509(BIO *, X509 **, void *, void *);
EVP_PKEY *PEM_read_bio_PrivateKey(BIO *, EVP_PKEY **, void *, void *);
CMS_ContentInfo *CMS_sign(X509 *, EVP_PKEY *, STACK *, BIO *, unsigned), *CMS_encrypt(STACK *, BIO *, const EVP_CIPHER *, unsigned);
int CMS_verify(CMS_ContentInfo *, STACK *, X509_STORE *, BIO *, BIO *, unsigned);
int CMS_decrypt(CMS_ContentInfo *, EVP_PKEY *, X509 *, BIO *, BIO *, unsigned);
CMS_ContentInfo *d2i_CMS_bio(BIO *, CMS_ContentInfo **);
int i2d_CMS_bio(BIO *, CMS_ContentInfo *);
void *CMS_add1_signer(CMS_ContentInfo *, X509 *, EVP_PKEY *, const void *, unsigned);
int CMS_final(CMS_ContentInfo *, BIO *, BIO *, unsigned);
const void *EVP_sha512(void);
void CMS_ContentInfo_free(CMS_ContentInfo *);
const EVP_CIPHER *EVP_get_cipherbyname(const char *);
X509_STORE *X509_STORE_new(void);
int X509_STORE_add_cert(X509_STORE *, X509 *);
STACK *OPENSSL_sk_new_null(void);
int OPENSSL_sk_push(STACK *, const void *);
unsigned long ERR_get_error(void);
void ERR_error_string_n(unsigned long, char *, size_t);

#define CMS_BINARY 0x80
#define CMS_PARTIAL 0x4000

static napi_value fail(napi_env env) {
  char text[1024] = "", one[256];
  unsigned long code;
  while ((code = ERR_get_error()) && strlen(text) < 700) { ERR_error_string_n(code, one, sizeof one); strcat(text, one); strcat(text, "\n"); }
  napi_throw_error(env, "ORACLE", text);
  return NULL;
}
struct args { void *p[5]; size_t n[5]; };
static void take(napi_env env, napi_callback_info info, struct args *a) {
  napi_value argv[5]; size_t argc = 5; memset(a, 0, sizeof *a);
  napi_get_cb_info(env, info, &argc, argv, NULL, NULL);
  for (size_t i = 0; i < argc && i < 5; i++) napi_get_buffer_info(env, argv[i], &a->p[i], &a->n[i]);
}
static BIO *in(struct args *a, int i) { return BIO_new_mem_buf(a->p[i], (int)a->n[i]); }
static X509 *cert(struct args *a, int i) { BIO *b = in(a, i); X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL); BIO_free(b); return x; }
static EVP_PKEY *key(struct args *a, int i) { BIO *b = in(a, i); EVP_PKEY *k = PEM_read_bio_PrivateKey(b, NULL, NULL, NULL); BIO_free(b); return k; }
static napi_value out(napi_env env, BIO *b) { char *p; long n = BIO_ctrl(b, 3, 0, &p); napi_value v; napi_create_buffer_copy(env, n, p, NULL, &v); BIO_free(b); return v; }

/* sign(certificate PEM, key PEM, content) -> DER with its content inside */
static napi_value sign(napi_env env, napi_callback_info info) {
  struct args a; take(env, info, &a);
  X509 *x = cert(&a, 0); EVP_PKEY *k = key(&a, 1);
  CMS_ContentInfo *c = x && k ? CMS_sign(NULL, NULL, NULL, NULL, CMS_BINARY | CMS_PARTIAL) : NULL;
  if (!c || !CMS_add1_signer(c, x, k, EVP_sha512(), 0) || !CMS_final(c, in(&a, 2), NULL, CMS_BINARY)) return fail(env);
  BIO *o = BIO_new(BIO_s_mem());
  if (!c || !i2d_CMS_bio(o, c)) return fail(env);
  return out(env, o);
}
/* verify(DER, CA PEM) -> content */
static napi_value verify(napi_env env, napi_callback_info info) {
  struct args a; take(env, info, &a);
  CMS_ContentInfo *c = d2i_CMS_bio(in(&a, 0), NULL);
  X509_STORE *s = X509_STORE_new(); X509 *ca = cert(&a, 1);
  BIO *o = BIO_new(BIO_s_mem());
  if (!c || !ca) return fail(env);
  X509_STORE_add_cert(s, ca);
  if (CMS_verify(c, NULL, s, NULL, o, CMS_BINARY) != 1) return fail(env);
  return out(env, o);
}
/* encrypt(certificate PEM, content, cipher name) -> DER */
static napi_value encrypt(napi_env env, napi_callback_info info) {
  struct args a; take(env, info, &a);
  char name[64] = ""; memcpy(name, a.p[2], a.n[2] < 63 ? a.n[2] : 63);
  X509 *x = cert(&a, 0); STACK *st = OPENSSL_sk_new_null();
  if (!x) return fail(env);
  OPENSSL_sk_push(st, x);
  CMS_ContentInfo *c = CMS_encrypt(st, in(&a, 1), EVP_get_cipherbyname(name), CMS_BINARY);
  BIO *o = BIO_new(BIO_s_mem());
  if (!c || !i2d_CMS_bio(o, c)) return fail(env);
  return out(env, o);
}
/* decrypt(DER, certificate PEM, key PEM) -> content */
static napi_value decrypt(napi_env env, napi_callback_info info) {
  struct args a; take(env, info, &a);
  CMS_ContentInfo *c = d2i_CMS_bio(in(&a, 0), NULL);
  X509 *x = cert(&a, 1); EVP_PKEY *k = key(&a, 2);
  BIO *o = BIO_new(BIO_s_mem());
  if (!c || !x || !k || CMS_decrypt(c, k, x, NULL, o, CMS_BINARY) != 1) return fail(env);
  return out(env, o);
}
static void put(napi_env env, napi_value exports, const char *name, napi_callback f) {
  napi_value v; napi_create_function(env, name, (size_t)-1, f, NULL, &v); napi_set_named_property(env, exports, name, v);
}
napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  put(env, exports, "sign", sign); put(env, exports, "verify", verify);
  put(env, exports, "encrypt", encrypt); put(env, exports, "decrypt", decrypt);
  return exports;
}
