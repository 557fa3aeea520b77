// Which certificates are trusted: those of the file that the environment names, otherwise the system's.

package settings

import (
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"strings"
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
// file wants no other certificates.
func certificates(lookup func(string) (string, bool)) (*x509.CertPool, []unusableFile) {
	path, _ := lookup(certificateFile)
	if strings.TrimSpace(path) == "" {
		return nil, nil
	}
	roots := x509.NewCertPool()
	why := "it holds no PEM certificate"
	pem, err := os.ReadFile(path)
	if err == nil && roots.AppendCertsFromPEM(pem) {
		return roots, nil
	}
	if err != nil {
		// The sentence has the path already.
		var failed *fs.PathError
		if errors.As(err, &failed) {
			err = failed.Err
		}
		why = err.Error()
	}
	return roots, []unusableFile{{Variable: certificateFile, Path: path, Why: why}}
}
