// Keys and signatures that crypto_keys_test.cpp takes for granted, in base64 where
// they are bytes.
#pragma once

namespace fixtures {

// Published keys. Private ones stand as base64 without their PEM lines, for
// secret scanners read those and not what the key is for.

// RFC 9421, B.1.2 (test-key-rsa-pss), the PKCS#1 inside.
constexpr const char* kRfc9421Rsa =
    "MIIEpgIBAAKCAQEAr4tmm3r20Wd/PbqvP1s2+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw"
    "3Ry53mm+oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHqgDsznjPFmTOtCEcN2Z1F"
    "pWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5WUtzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA48"
    "5mqcO0GVAdVw9lq4aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI2wIDAQABAoIB"
    "AQCUB8ip+kJiiZVKF8AqfB/aUP0jTAqOQewK1kKJ/iQCXBCqpbo360gvdt05H5VZ/RDVkEgO2k73VSsbulqezKs8RFs2"
    "tEmU+JgTI9MeQJPWcP6XaKy6LIYs0E2cWgp8GADgoBs8llBq0UhX0KffglIeek3n7Z6Gt4YFge2TAcW2WbN4XfK7lupF"
    "yo6HHyWRiYHMMARQXLJeOSdTn5aMBP0PO4bQyk5ORxTUSeOciPJUFktQHkvGbym7KryEfwH8Tks0L7WhzyP60PL3xS9F"
    "NOJi9m+zztwYIXGDQuKM2GDsITeD2mI2oHoPMyAD0wdI7BwSVW18p1h+jgfc4dlexKYRAoGBAOVfuiEiOchGghV5vn5N"
    "RDNscAFnpHj1QgMr6/UG05RTgmcLfVsI1I4bSkbrIuVKviGGf7atlkROALOG/xRxDLadgBEeNyHL5lz6ihQaFJLVQ0u3"
    "U4SB67J0YtVO3R6lXcIjBDHuY8SjYJ7Ci6Z6vuDcoaEujnlrtUhaMxvSfcUJAoGBAMPsCHXte1uWNAqYad2WdLjPDlKt"
    "QJK1diCmrqmB2g8QE99hDOHItjDBEdpyFBKOIP+NpVtM2KLhRajjcL9Ph8jrID6XUqikQuVi4J9FV2m42jXMuioTT13i"
    "dAILanYg8D3idvy/3isDVkON0X3UAVKrgMEne0hJpkPLFYqgetvDAoGBAKLQ6JZMbSe0pPIJkSamQhsehgL5Rs51iX4m"
    "1z7+sYFAJfhvN3Q/OGIHDRp6HjMUcxHpHw7U+S1TETxePwKLnLKj6hw8jnX2/nZRgWHzgVcY+sPsReRxNJVf+Cfh6yOt"
    "znfX00p+JWOXdSY8glSSHJwRAMog+hFGW1AYdt7w80XBAoGBAImRNUugqapgaEA8TrFxkJmngXYaAqpA0iYRA7kv3S4Q"
    "avPBUGtFJHBNULzitydkNtVZ3w6hgce0h9YThTo/nKc+OZDZbgfN9s7cQ75x0PQCAO4fx2P91Q+mDzDUVTeG30mEt2m3"
    "S0dGe47JiJxifV9P3wNBNrZGSIF3mrORBVNDAoGBAI0QKn2Iv7Sgo4T/XjNDdl2kZTXqGAk8dOhpUiw/HdM3OGWbhHj2"
    "NdCzBliOmPyQtAr770GITWvbAI+IRYyFS7Fnk6ZVVVHsxjtaHy1uJGFlaZzKR4AGNaUTOJMs6NadzCmGPAxNQQOCqoUj"
    "n4XRrOjr9w349JooGXhOxbu8nOxX";
// B.1.3 (test-key-ecc-p256), SEC 1.
constexpr const char* kRfc9421Ec =
    "MHcCAQEEIFKbhfNZfpDsW43+0+JjUr9K+bTeuxopu653+hBaXGA7oAoGCCqGSM49AwEHoUQDQgAEqIVYZVLCrPZHGHjP"
    "17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==";
// B.1.4 (test-key-ed25519), PKCS#8.
constexpr const char* kRfc9421Ed25519 =
    "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF";
constexpr const char* kRfc9421Ed25519Spki =
    "MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=";
constexpr const char* kRfc9421EcSpki =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM4GF+"
    "hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==";
constexpr const char* kRfc9421RsaSpki =
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2+QEtvpuRaV8Yq40gjUR8y2Rjxa6d"
    "pG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO"
    "7OyrFAHqgDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5WUtzdpiy6LbTgSxP7ociU"
    "4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDO"
    "kFV6+U9nV5oyc6XI2wIDAQAB";
// Signature bases and signatures of B.2.1, B.2.4 and B.2.6.
constexpr const char* kRfc9421Base21 =
    "\"@signature-params\": "
    "();created=1618884473;keyid=\"test-key-rsa-pss\";nonce=\"b3k2pp5k7z-50gnwp"
    ".yemd\"";
constexpr const char* kRfc9421Signature21 =
    "d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8U"
    "dx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJz"
    "sPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s"
    "++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==";
constexpr const char* kRfc9421Base24 =
    "\"@status\": 200\n\"content-type\": application/json\n\"content-digest\": "
    "sha-512=:mEWXIS7MaLRuGgxOB"
    "dODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:\n\"content-length\": "
    "2"
    "3\n\"@signature-params\": (\"@status\" \"content-type\" \"content-digest\" "
    "\"content-length\");created="
    "1618884473;keyid=\"test-key-ecc-p256\"";
constexpr const char* kRfc9421Signature24 =
    "wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==";
constexpr const char* kRfc9421Base26 =
    "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@method\": POST\n\"@path\": /foo\n\"@authority\": "
    "example.co"
    "m\n\"content-type\": application/json\n\"content-length\": 18\n\"@signature-params\": "
    "(\"date\" \"@metho"
    "d\" \"@path\" \"@authority\" \"content-type\" "
    "\"content-length\");created=1618884473;keyid=\"test-key-"
    "ed25519\"";
constexpr const char* kRfc9421Signature26 =
    "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==";
// SendGrid: what is signed is the timestamp and the body.
constexpr const char* kSendgridSpki =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+"
    "2fNNRaINXvVpiglSI8eNEc6wEA3F+g==";
constexpr const char* kSendgridMessage =
    "1600112502[{\"email\":\"hello@world.com\",\"event\":\"dropped\",\"reason\":\"Bounced "
    "Address\",\"sg_event"
    "_id\":\"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA\",\"sg_message_id\":\"LRzXl_"
    "NHStOGhQ4k"
    "ofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0\",\"smtp-id\":\"<LRzXl_"
    "NHStOGhQ4kofSm"
    "_A@ismtpd0039p1iad1.sendgrid.net>\",\"timestamp\":1600112492}]\r\n";
constexpr const char* kSendgridSignature =
    "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtE"
    "ZtM=";
// PayPal: SHA256withRSA.
constexpr const char* kPaypalSpki =
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAyF4MCY9RPrzzizQO3t5xbEaUKuxtQhXKAjXkYBSBkX3eIrbd"
    "owUT3x139Xnlzg0OlcEzD+q1WKyNxwULuUmUWSjt4ACz4gVk3M+RYVaL2A8/3fw7WrAOS+5dcZkTPhhjxHvw9xEz3ssp"
    "uhkwLiM0dY7tQbkkJVZyK3CCwx6xWaNEcqhR9XjS96GH4M/mQr/lh+ua4UutFaMIiwG9pbAEXJCdj/MCiKbN2FMQKlRu"
    "UifR+PbngQyNNcBMxP/ufSfLPRk4ZmzE6j+seDJ3gHBjdUz4phnfcGZW8MKwmA7QqKhQ3MTFYLw/N7j6yIpxcEyDl8Ot"
    "0Er/P/gDbmsAXDSQ6wIDAQAB";
constexpr const char* kPaypalMessage =
    "103e3700-8b0c-11e6-8695-6b62a8a99ac4|2016-10-05T14:57:40Z|3TR748995U920805P|4280182022";
constexpr const char* kPaypalSignature =
    "t8hlRk64rpEImZMKqgtp5dlWaT1W8ed/mf8Msos341QInVn3BMQubjAhM/cKiSJtW07VwJvSX7X4+YUmHBrm5BQ+CEkC"
    "lke4Yf4ouhCK6GWsfs0J8cKkmjI0XxfJpPLgjROEWY3MXorwCtbvrEo5vrRI2+TyLkquBKAlM95LbNWG43lxMu0LHzsS"
    "RUBDdt5IP1b2CKqbcEJKGrC78iw+fJEQGagkJAiv3Qvpw8F/8q7FCQAZ3c81mzTvP4ZH3Xk2/nNznEA7eMi3u1EjSpTm"
    "LfAb423ytX37Ts0QpmPNgxJe8wnMB/+fvt4xjYH6KNe+bIcYU30hUIe9O8c9UFwKuQ==";
// Amazon SNS: SHA1withRSA, by a certificate that expired in 2014.
constexpr const char* kSnsCertificate =
    "MIIFLTCCBBWgAwIBAgIQRXp96/v1XBAeRm45eB6eajANBgkqhkiG9w0BAQUFADCBtTELMAkGA1UEBhMCVVMxFzAVBgNV"
    "BAoTDlZlcmlTaWduLCBJbmMuMR8wHQYDVQQLExZWZXJpU2lnbiBUcnVzdCBOZXR3b3JrMTswOQYDVQQLEzJUZXJtcyBv"
    "ZiB1c2UgYXQgaHR0cHM6Ly93d3cudmVyaXNpZ24uY29tL3JwYSAoYykxMDEvMC0GA1UEAxMmVmVyaVNpZ24gQ2xhc3Mg"
    "MyBTZWN1cmUgU2VydmVyIENBIC0gRzMwHhcNMTMwOTExMDAwMDAwWhcNMTQwOTEyMjM1OTU5WjBqMQswCQYDVQQGEwJV"
    "UzETMBEGA1UECBMKV2FzaGluZ3RvbjEQMA4GA1UEBxQHU2VhdHRsZTEYMBYGA1UEChQPQW1hem9uLmNvbSBJbmMuMRow"
    "GAYDVQQDFBFzbnMuYW1hem9uYXdzLmNvbTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAKpSGRs4IesnwfAA"
    "BnP2vBxYAqwByHN4Ups5ylB3kJUoJe2nJKJXkniLB6Jrczg9GDf5XSlmOKfRrQweFJjCnE7hnbL1AuYDrbsBzFlIS8qN"
    "8RwNbCu1P9PwqQn2Q8ekwVh/kNaqACCOhkcBtUiXReCEnasWKFqnbj6zrlJszguD32O4vt7H5iE8eVtU42dc4J/2uzvE"
    "wQmn9W0lQcS/ucLeFlMYccNcU/oJxOapKg2auLatAzPm+gikUVnacUSwNHH4pnyCZ89cj9GZzu94WZFr+uohJu6gj28i"
    "VDITOoHzbsTsrAtLa8QWo1QmAFlU20wFFAetRWkUoQ/vTCSH4ZECAwEAAaOCAYEwggF9MBwGA1UdEQQVMBOCEXNucy5h"
    "bWF6b25hd3MuY29tMAkGA1UdEwQCMAAwDgYDVR0PAQH/BAQDAgWgMB0GA1UdJQQWMBQGCCsGAQUFBwMBBggrBgEFBQcD"
    "AjBDBgNVHSAEPDA6MDgGCmCGSAGG+EUBBzYwKjAoBggrBgEFBQcCARYcaHR0cHM6Ly93d3cudmVyaXNpZ24uY29tL2Nw"
    "czAfBgNVHSMEGDAWgBQNRFwWU0TBgn4dIKsl9AFj2L55pTBFBgNVHR8EPjA8MDqgOKA2hjRodHRwOi8vU1ZSU2VjdXJl"
    "LUczLWNybC52ZXJpc2lnbi5jb20vU1ZSU2VjdXJlRzMuY3JsMHYGCCsGAQUFBwEBBGowaDAkBggrBgEFBQcwAYYYaHR0"
    "cDovL29jc3AudmVyaXNpZ24uY29tMEAGCCsGAQUFBzAChjRodHRwOi8vU1ZSU2VjdXJlLUczLWFpYS52ZXJpc2lnbi5j"
    "b20vU1ZSU2VjdXJlRzMuY2VyMA0GCSqGSIb3DQEBBQUAA4IBAQARbCGQM7qTfF6jIfy0cenCUP7vx8+pSZqhBH+wrvHd"
    "/JBIezBYI0iG8ufyTon9IAIg3YxLB3TgBxw9aOaerNhuJjKmNx5oQOdgbuxo9IjuK/L3gkiWTd5jdpUrMHIHawQhyvXn"
    "tgv7dDwHCbhgvnesrJzcuS/yM55tefmCzqgmhAh/XKs1oqwFgaRvBUH8xFhMYSOOl6XDQrUE5WeFAOU0RO7sLjA4awE+"
    "8/W6nRAPxzG/1Qvc1gHiE5ms+iWTa+Nd56MZkHpHRsfyydDv3Gp9Lsv86deEMzxNg8T4KuSJe3G8BZ+EAAIP8avZW1w6"
    "FPzklJp625XfNlavxSH086iA";
constexpr const char* kSnsMessage =
    "Message\n{\"notificationType\":\"Bounce\",\"bounce\":{\"bounceType\":\"Permanent\","
    "\"reportingMTA\":\"dns;"
    " email.example.com\",\"bouncedRecipients\":[{\"emailAddress\":\"username@example.com\","
    "\"status\":\"5."
    "1.1\",\"action\":\"failed\",\"diagnosticCode\":\"smtp; 550 5.1.1 <username@example.com>... "
    "User\"}],\""
    "bounceSubType\":\"General\",\"timestamp\":\"2012-06-19T01:07:52.000Z\",\"feedbackId\":"
    "\"00000138111222"
    "aa-33322211-cccc-cccc-cccc-ddddaaaa068a-000000\"},\"mail\":{\"timestamp\":\"2012-06-19T01:05:"
    "45.00"
    "0Z\",\"source\":\"sender@example.com\",\"messageId\":\"00000138111222aa-33322211-cccc-cccc-"
    "cccc-dddd"
    "aaaa0680-000000\",\"destination\":[\"username@example.com\"]}}\nMessageId\nf34c6922-c3a1-54a1-"
    "bd88-"
    "23f998b43978\nTimestamp\n2013-10-18T15:50:45.484Z\nTopicArn\narn:aws:sns:us-east-1:"
    "250214102493:"
    "Demo_App_Unsubscribes\nType\nNotification\n";
constexpr const char* kSnsSignature =
    "PHAc2BryPY/9susa1IKjR6+lEAj4EbILM7bAV2U8mXL9evPn0c7cLdwnOMDw6vKsk9N3TBtOg5Y6n57jSAyyDRmgGBMZ"
    "Tqz0TnomrBvsm7qR9O38Mmjn/F3y/dllkStPuH1OK+JloaZ191OwEXT2yIHTaXy3uGV27UnVsNZVgZGJDbk29E3ofWDV"
    "diqLlS/UOC/DdWdQoeQ6k1abf9cQEbVKzpi1GTyxEaQt7mS7eB/rexyazCY5PN/SbuJK0x/ZGVFt+8+uTLT3FzGhOHvp"
    "fQ2hP3rLswVkMEfDNdKggHUFQ3JJaIzMj4ZTxzZQX39MP8yBVZJefbXjAFOpiF9kgA==";
// Made once by python cryptography with kRfc9421Rsa over "message": PKCS #1 with
// SHA-1 and SHA-256; PSS with SHA-512 and another salt length, and another MGF1 hash.
constexpr const char* kRsaSha1Signature =
    "g6xhjkweP7up0yTWzT9D6Syp932av7NeiCBTaQbAZkuEMJTEqu1T2U2g4K4FuCEHVk6136s7wyFquf5GdpE+A10XyPQL"
    "2NPq5l8LqX7lkqAPpg4ai+GvYFNexNMq15gUXP1/74YzEeZvee9WKw6Zk4NO+rHJk81qfKHKE+aCrCbMmOncQKwJg/lC"
    "F0ag0Wm9OSoUT6wwndRsYbdQVUNvrCW3PWGj9A42JBhLZAWkOSiE8lDExNQ5f4NG9LBhkKggeaPcDu9V1MKwThByswZu"
    "jhLJYpjpk4hPIPdqJlLXahePNIEm0AM9tGkqaT/sgcEv8VWtPyF5Hmt13udzAOzqWg==";
constexpr const char* kRsaSha256Signature =
    "oyvJWcNhBdKEmEYHEZCUeA0LE+Ll4YrpDxquR1SIenJuUpbWdvus64W9GXD/zkCqkSvyS4L+7M7+VCXfoLLRvXKH2aQo"
    "Gig2RXJWq0VI1eLzwxfuW0DPjvph6HYJFWBQQmkojdfe2DGzzy4UcgYVKTnrOGmtP94JJXKn/hnf/dhFqE4BO2ixyz/d"
    "1MWZq6kCrgF7miXS4xY62RKb/uerVVVP75qZzcMSD9tcJ7yF+QXrcU7J3GpOhnqO+mkcMOHMb1ZHFR3OADyu7gMLjO9Q"
    "rFOWz37oPV/gQjVzgsa6yxrGLNlBBLb0BtSpTFqXUi9A2ykTP3/sqKX5K3iCaOjfow==";
constexpr const char* kPssShortSaltSignature =
    "FYl/k45l9R7h78Rx6Cqj/Bq+fOzX6SHSy+fJ8owUck52vvfPLxGYt8WwJp2b1w+Tw5CoQrBU61en7hi5xP+zN98XmifG"
    "I8Ns+0EPAssaGldeFXVR5wCLeHxgdu12bKJDpttm/47Bt9StXFRgTgrg3QnYdKTy8l6ZY1N2LprLkHzxYjPE5xR5MCzw"
    "ibvTIHbV0U4qbhsD5JJJdWkWQeJGDwA/1uvCGxWCRJovIZUm9zMH37++beOQDisUFnj2lP3iUx6X8ikJx7PM8g/KO7HZ"
    "aNZs6cqV9isADg/1bRX0bnHE13vJKwagTm/dIwP+gU8NaMcOqn/CopgnYeTDnC8/cA==";
constexpr const char* kPssOtherMaskSignature =
    "mtaqX54htfs2TKlGYT8RHxJjbpeYXzHmqtw6Rw3Q80Rkr/Tt8dJ9/ebfoaoGvM16E4a2PqxAplAco0qrAqOFt+IlToTL"
    "tMmSGtp/ZodNteVho28vVvcEI/rvT/9ceQ9RqkdW6VVpv0lGw5sYoWXyfpAoX+g56l4LWXslmGuvqG33+JRFPYeD2+/j"
    "1uwG4WPoJnMOd2B8HoIfRKyG2amKZyXDFyN+G9WnZbB6Uzr7C8u9XR+zvIauJ1XhpyQnXyD5cPXAbJbY4qW7+Ltb2+2j"
    "ScWxqDDqOy3ByCBjQ/hmHqekPRKSDqJjX1QmUmYml4iWhXoLrq4Co18wNr13WZgsNQ==";
// A sound one that begins with a zero byte.
constexpr const char* kPssLeadingZeroSignature =
    "ANrBCnN/vyPdB6db7JjvRhVc1PgAiMtuFY9weFoM6pZQW2A9fmGwNzFltSbSnddfjmKXBnIrtpJfvIc0kq0iqbwF7lKe"
    "6DhHRmb8Xu1xt2YV9eZ/SOc9EbVFM/dy/KFELDYCdCpdVWv4ItrympyifTVezETpubRrNBzBPuElDvGupUjIosEa2CHC"
    "uIcx0qGr+xbAdcIfHndUy9zqvM69wiB3+zm2TslGfZNq/lzwq8UmVZ89CezquWQZE93h9blU/GMtkdBtA1eWSPkjWLzc"
    "lP0K8pXiLnij1eLgsP5hk1VQKbCdE+q2kQ8AkiRUNa73spvq4SNaK+sSyqPPrBtZPg==";
// Made once by python cryptography and OpenSSL: keys of forms that are refused.
constexpr const char* kP384Spki =
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEpqdJ36omRyLrpS49NO7KcgYYQ8KL/uwCMMMIT7elaGnFAYRzrKgrppC+0epW"
    "b7JG9j8fkyFFRu9PqkzyR9nWsiFmm09DyvM4gjfW4v+QGLz/zM9XR9RHnTxeDUTMiSHT";
constexpr const char* kSecp256k1Spki =
    "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEjOotQufd2jfsVKlY7Yq6F/eFinvbOwNQlprLWeUGu9eVnZTlE73z/QsswpKK"
    "nYc5pqWclfs8xooh0LOmPrr9tA==";
constexpr const char* kX25519Spki = "MCowBQYDK2VuAyEApoU71WOmBM1qQjOCOsnqG2N+wn4UTT4yJPq/nXKt5iY=";
constexpr const char* kEd448Spki =
    "MEMwBQYDK2VxAzoA+is9TC7f6rgPoUW0qsrlJ9k6zsRapdaB9+zX/7GNRQD8nQaq1wkQajMRFidO8RmBnKxt/xrMj50A";
// P-256 with its parameters spelled out.
constexpr const char* kExplicitP256Spki =
    "MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAAAAAAAAAAAAAA////////////////"
    "MFsEIP////8AAAABAAAAAAAAAAAAAAAA///////////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9Jg"
    "SwMVAMSdNgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n"
    "60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA//////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABKiFWGVS"
    "wqz2Rxh4z9ewk1tP/g/S38NBJI6he8QeBYrwMc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0=";
// kRfc9421Ec, encrypted with "password": PKCS #8, and the header lines of RFC 1421.
constexpr const char* kEncryptedPkcs8 =
    "MIH0MF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBAXS1x+pVBXKrovwFGSr5qFAgIIADAMBggqhkiG9w0CCQUA"
    "MB0GCWCGSAFlAwQBKgQQ9q8rBSgbGLSuthunadWYqwSBkHagCnHVFfTaz9qehivV1VwRjDLWXtk0gZIHedaAXqaDDj5i"
    "H8RzYHJuIJV4eJp3HKDtX3BIuqB+YkLROHZs2DKcHatbP2BOxjjJRAcM8PS0x9EaH/zoREAt9t9LBVi6i5AmegYa3NkK"
    "TaOr6/UZxVcP95s0Af1KapoxD0HvtIesuIEoopocy/HUxH7qauupXA==";
constexpr const char* kEncryptedSec1Body =
    "Proc-Type: 4,ENCRYPTED\nDEK-Info: "
    "AES-256-CBC,F2E698143F26C83A3DEEEFA8C060272B\n\nVN/EC5b18Kbo4"
    "+iIDMdY/7fDfkF2eX7FWVs8RG+cMxMLB/aS9b1MG6+JPH3660Wp\nIw9q//xmiPW+ntprLKz3l8BvL2y6b8WZJHd78E0t"
    "TLpoEB+lHeeOR9r5S2600MAY\n+onXzlLqbXONC+nzC2/2RFgjsDcGkWE4WyaZxuM7rUE=";
// PKCS #1, 1024 bits.
constexpr const char* kRsa1024 =
    "MIICXQIBAAKBgQDD0VVYk0aL9PHrOMwxB9qOgjwyE75Ue9o606uHt/g1wgu2sWBn90cJnIEoCjPoVLvgbaiViKKJk5Uf"
    "Txl16+5/YV2hfms+btQ/VBGWKgmLXfrogHudKexCBU4Yw227Lglwt2N0+/m46+el3yi4UTME2Q8WenXr5DW0ycYFwTVL"
    "YwIDAQABAoGBAKRK3DqGxqfiiZ77doakukDbEDpLymMDzyOQONiUCBLCjiVoSSSxmc58mvjHJqoFfeRc3RcpHoYjZvhv"
    "20LPArgxeG6X0/TgISvJjTXaZFDWGQL3UyPeBD+FL0rHlUdL7xuEIJlrV7jVSgTL7ZmT0J1IbfdU9zHsOSNJ38SYaU2B"
    "AkEA4T4kIKRmUpQyTksPUJROGB3DduFRBhT+WhllKNmlUiN7qgjdQ7MUxuGkWPvFSiYIYCym9BubQ0Vi1MQA/kDPwwJB"
    "AN6OkzzbsHPTA5iTSd7bmpTFFpWlh+LiMrl8YaGGSB3ZdryHpMP03fuS/YoAMQHhyQWCe24JweL9Q+3l+GUke+ECQExv"
    "qhLpt0+OuwOWtTvDGD1W3F4bWEOYHDi3JX0XXuLg57ZsC6pNu19Cc2M/DVR8U5tPi9iLBcVuZnuNiEi/9cECQQCxfyxW"
    "oS+9cFGx4eZMYwCKHhXBC9+wR48E9/o1hI8Hn2RfQB9cWXKhLb4fzb9ILPbR+hrOy+FiU3NVzM+qesqBAkBjaU0qr7DZ"
    "ig4gyuCrsadn3H3zK/UW+qd2xDtIJViDDMvt+ZexYUK76OoXik3MBGZ/oju9mvl7ZF2IaY609g8X";
// RSASSA-PSS, restricted to SHA-256.
constexpr const char* kPssSha256OnlySpki =
    "MIIBUTA8BgkqhkiG9w0BAQowL6APMA0GCWCGSAFlAwQCAQUAoRwwGgYJKoZIhvcNAQEIMA0GCWCGSAFlAwQCAQUAA4IB"
    "DwAwggEKAoIBAQCdTrt0iQyZmqsgApMBx0NeUuSdE0rdKLGPnH5S15/DSqAbTG3qric/p0MIW5zGQ1Wfp7AiLOtp/Fk+"
    "z0OhvbPfCU8TyZs2S19f23q+18vkBn66JZZJCirpfZhNI324ZBFJOm7h7McoxffvPqqrbqM81bYgGdrGu+wTAqZgrAWd"
    "sDGT/B9BRHWoPT/4t9zuQmesDzK3oCSjNXeQ0DbKPXy0KCgi5In8LhbebMFXM5wNanU7JwntDodppCTzFB4ExAgY4o/s"
    "6IMWl5E9fEhtZVyIQShafgEJgApLAhVS6XwAFNHTSI0BP/nz1runmMDDLygMu1JgUI9f9KcbkrSb5SqjAgMBAAE=";
// Of kRfc9421Ec, valid for one day of 2001.
constexpr const char* kEcCertificate =
    "MIIBEDCBt6ADAgECAgEBMAoGCCqGSM49BAMCMBIxEDAOBgNVBAMMB2V4cGlyZWQwHhcNMDEwMTAxMDAwMDAwWhcNMDEw"
    "MTAyMDAwMDAwWjASMRAwDgYDVQQDDAdleHBpcmVkMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP"
    "17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXTAKBggqhkjOPQQDAgNIADBF"
    "AiA2YFn+TRmF96JAmZamp/Sh6jtbqMFR/zv4c1Bc7RyXGgIhAPAp/o1xjlZy0iMcZzxUpkgzHP/D8eGc9LeqavVHDwIY";
// kRfc9421Ec with another key's public half.
constexpr const char* kMismatchedSec1 =
    "MHcCAQEEIFKbhfNZfpDsW43+0+JjUr9K+bTeuxopu653+hBaXGA7oAoGCCqGSM49AwEHoUQDQgAEFKbKwx9LcK+eClWq"
    "Ako4zzqVrphrXXcukf9Q9SeuC1njrElH3XTWDPXEYtUQMVkDHnLzCiAyC09n7MQnhJzjdA==";

}  // namespace fixtures
