module github.com/ntc-gov-pk/govpk-operator/hack/sample/postgres

go 1.26.0
