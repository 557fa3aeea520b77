// Which certificates are trusted: those of the file that the environment names, otherwise the system's.

package settings

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
)

// certificateFile is for a company's proxy that intercepts TLS. Go itself reads it on some systems only.
const certificateFile = "SSL_CERT_FILE"

// unusableFile is a file that a variable names and that cannot be used. The core says so.
type unusableFile struct {
	Variable string `json:"variable"`
	Path     string `json:"path"`
	Why      string `json:"why"`
}

// certificates gives nil if no file is named. If the file cannot be used, nothing is trusted: who names a
// file wants no other certificates. The result reads all of them, which takes milliseconds, at its first
// call; here only the first is looked at.
func certificates(lookup func(string) (string, bool)) (func() *x509.CertPool, []unusableFile) {
	path, _ := lookup(certificateFile)
	if strings.TrimSpace(path) == "" {
		return nil, nil
	}
	why := "it holds no PEM certificate"
	content, err := os.ReadFile(path)
	if err == nil && holdsCertificate(content) {
		return sync.OnceValue(func() *x509.CertPool {
			roots := x509.NewCertPool()
			roots.AppendCertsFromPEM(content)
			return roots
		}), nil
	}
	if err != nil {
		// The sentence has the path already.
		var failed *fs.PathError
		if errors.As(err, &failed) {
			err = failed.Err
		}
		why = err.Error()
	}
	return x509.NewCertPool, []unusableFile{{Variable: certificateFile, Path: path, Why: why}}
}

// holdsCertificate says whether there is one that can be read.
func holdsCertificate(content []byte) bool {
	for len(content) > 0 {
		var block *pem.Block
		block, content = pem.Decode(content)
		if block == nil {
			return false
		}
		if block.Type != "CERTIFICATE" || len(block.Headers) != 0 {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err == nil {
			return true
		}
	}
	return false
}
